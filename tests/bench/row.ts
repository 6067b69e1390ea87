/**
 * One row of the table: what is measured, against which peer, and what we promise.
 */

export interface Result {
  /** Nanoseconds an operation; bytes a series where `unit` says so. */
  readonly ours: number;
  /** The same of the peer. */
  readonly peer?: number;
  /** What JavaScript keeps for our side in addition, where that is counted apart. */
  readonly handles?: number;
}

export interface Row {
  readonly name: string;
  /** @default "ns" */
  readonly unit?: "ns" | "B";
  /** The peer, by its package name; absent where there is nothing to compare with. */
  readonly peer?: string;
  /** Promise: `peer / ours` is at least this. */
  readonly ratioMin?: number;
  /** Promise: `ours` is at most this, in the row's unit. */
  readonly oursMax?: number;
  run(): Promise<Result>;
}

/** The library that people use for metrics in Node today. */
export const PROM_CLIENT = "prom-client";

/** The client that InfluxData publishes. */
export const INFLUX_CLIENT = "@influxdata/influxdb-client";

/** Whether a result keeps the row's promises. */
export function isKept(row: Row, result: Result): boolean {
  const ratio = result.peer === undefined ? Number.POSITIVE_INFINITY : result.peer / result.ours;
  return ratio >= (row.ratioMin ?? 0) && result.ours <= (row.oursMax ?? Number.POSITIVE_INFINITY);
}
