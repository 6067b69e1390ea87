/**
 * One row of the table: what is measured, against which peer, and what we promise.
 */

export interface Result {
  /** Nanoseconds an operation; another number where `unit` says so. */
  readonly ours: number;
  /** The same of the peer. */
  readonly peer?: number;
  /** What JavaScript keeps for our side in addition, where that is counted apart. */
  readonly handles?: number;
}

export interface Row {
  readonly name: string;
  /** @default "ns" */
  readonly unit?: "ns" | "B" | "events/s";
  /** The peer, by its package name; absent where there is nothing to compare with. */
  readonly peer?: string;
  /** Promise: `peer / ours` is at least this. */
  readonly ratioMin?: number;
  /** Promise: `ours` is at most this, in the row's unit. */
  readonly oursMax?: number;
  /** Promise: `ours` is at least this, in the row's unit. */
  readonly oursMin?: number;
  /** Promise: `ours` takes at most this many per cent longer than `peer`. */
  readonly overheadMax?: number;
  run(): Promise<Result>;
}

/** The library that people use for metrics in Node today. */
export const PROM_CLIENT = "prom-client";

/** The client that InfluxData publishes. */
export const INFLUX_CLIENT = "@influxdata/influxdb-client";

/** The same module as it is without us. */
export const UNTOUCHED = "untouched";

/** How much longer `ours` takes than `peer`, in per cent. */
export function overheadPercent({ ours, peer = Number.NaN }: Result): number {
  return (ours / peer - 1) * 100;
}

/** Whether a result keeps the row's promises. */
export function isKept(row: Row, result: Result): boolean {
  const ratio = result.peer === undefined ? Number.POSITIVE_INFINITY : result.peer / result.ours;
  if (row.overheadMax !== undefined && overheadPercent(result) > row.overheadMax) return false;
  if (result.ours < (row.oursMin ?? 0)) return false;
  return ratio >= (row.ratioMin ?? 0) && result.ours <= (row.oursMax ?? Number.POSITIVE_INFINITY);
}

/** The row's promise, as the table shows it. */
export function promiseText({ oursMax, oursMin, overheadMax, ratioMin, unit = "ns" }: Row): string {
  if (overheadMax !== undefined) return `≤ +${overheadMax} %`;
  if (oursMin !== undefined) return `≥ ${valueText(oursMin, unit)}`;
  return oursMax === undefined ? `≥ ${ratioMin}×` : `≤ ${valueText(oursMax, unit)}`;
}

/** A number in the unit that people read it in. */
export function valueText(value: number, unit: string): string {
  if (unit === "events/s") return `${significant(value / 1e6)} M/s`;
  if (unit !== "ns" || value < 1e3) return `${significant(value)} ${unit}`;
  return value < 1e6 ? `${significant(value / 1e3)} µs` : `${significant(value / 1e6)} ms`;
}

/** Four digits. */
export function significant(value: number): number {
  return Number(value.toPrecision(4));
}
