/**
 * What an InfluxDB has stored, as plain records: one a point, without the columns that it has not.
 */
import type { Influxdb, InfluxValue } from "./influxdb.js";

/** One point of one series. */
export interface StoredPoint {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Fields with their values; `time` is not among them. */
  readonly fields: Readonly<Record<string, InfluxValue>>;
  /** RFC 3339, with nanoseconds. */
  readonly time: InfluxValue;
}

/** Every point of a measurement: its name, quoted, or a regular expression of InfluxQL. */
export async function readPoints(
  influxdb: Influxdb,
  pattern: string,
  database?: string,
): Promise<StoredPoint[]> {
  const series = await influxdb.query(`SELECT * FROM ${pattern} GROUP BY *`, database);
  return series.flatMap(({ name, tags = {}, columns, values }) =>
    values.map(([time = null, ...row]) => ({
      measurement: name,
      time,
      // Tags and columns are those of all series that match.
      tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== "")),
      fields: Object.fromEntries(
        columns.slice(1).flatMap((key, at) => {
          const value = row[at] ?? null;
          return value === null ? [] : [[key, value]];
        }),
      ),
    })),
  );
}
