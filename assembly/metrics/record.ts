/**
 * The layout of the registry's records in the arena. Texts are counted texts.
 */
import { SourceFlag } from "../abi";
import { Named, Setting } from "./setting";

/** A named unit that reports one set of fields. */
@unmanaged
export class Source extends Setting {
  /** The first `Field`: hosts read it, see abi.ts. */
  firstField: usize;
  flags: u32;
  /** As Prometheus names begin: mapped already. */
  promPrefix: usize;
  help: usize;
  /** Escaped measurement and the vm tag: how each line begins. */
  influxStart: usize;
  tagCount: u32;
  /** Where the link to the next field goes: behind the last, `next` being first in a record. */
  fieldEnd: usize;
  fieldCount: u32;
  /** The first text, which stands for `<prefix>_info`. */
  firstText: usize;
  /** Where the link to the next series goes. */
  seriesEnd: usize;
  /** Removed series, linked by `chained`. */
  freeSeries: usize;
  seriesCount: u32;
  /** Upper bound of the tag keys in a series' texts: what they take in the arena. */
  tagBytes: u32;
  /** Bytes of a series record up to its texts. */
  seriesBytes: u32;
  ttlNs: u64;
  /**
   * Upper bound of what one series adds to an output, its own tag values and labels not counted.
   */
  outputBytes: u32;
  /** Lines that a series has in an exposition at most: each repeats its labels. */
  lineCount: u32;
}

/** Whether a source is a Prometheus-style family. */
export function isFamily(source: Source): bool {
  return (source.flags & SourceFlag.Family) != 0;
}

/** A tag key of a source, in the order in which tags are written. */
@unmanaged
@final
export class TagKey extends Named {
  /** `,key=`, escaped. */
  influx: usize;
  /** `key="`, as a label. */
  prom: usize;
  /** Its place in the definition. */
  index: u32;
}

/** One typed value of a source. */
@unmanaged
@final
export class Field {
  // What hosts read: see abi.ts.
  /** The next of the same source. */
  next: usize;
  /** Where its cell is, from the series record on. */
  offset: usize;
  /** How many parameters; of texts the capacity in bytes. */
  parameterCount: u32;
  type: i32;
  kind: i32;
  /** Its type in OpenMetrics: a `CellKind`, or 0 of a counter that keeps its name. */
  promType: u32;
  cellBytes: u32;
  /** Its own or its source's. */
  help: usize;
  /** The exposed name without `_total` or `_info`, as OpenMetrics names the family. */
  promName: usize;
  /** Lines of an exposition, and fields of line protocol. */
  lineCount: u32;
  /**
   * Two texts a line of an exposition, one behind the other: its name, and what stands between its
   * labels and its number. Of a text: the name, and its label name and `="`.
   */
  promLines: usize;
  /** A text a field of line protocol: `key=`; of a histogram count and sum first. */
  influxLines: usize;
  /** Finite bounds or quantiles, f64 each, followed by +Infinity. */
  parameters: usize;
  /** Upper bound of its part of a series on either wire, labels not counted. */
  outputBytes: u32;
}

/** One source with one set of tag values; its cells and texts follow. */
@unmanaged
@final
export class Series {
  /** The next in the same hash bucket; of a removed one the next that is free. */
  chained: usize;
  /** The next of the same source, removed ones included. */
  next: usize;
  source: usize;
  /** Bytes that the record has for texts. */
  capacity: u32;
  /** Bytes of `{a="b",c="d"`, which stand at the source's `seriesBytes`. */
  labelBytes: u32;
  /** Bytes of `,a=b,c=d` behind them. */
  influxBytes: u32;
  /** Not 0 if nobody sees it. */
  flags: u32;
  /** Of the cells, if the source has a TTL. */
  checksum: u32;
  /** The gather that last saw a changed cell. */
  changedNs: u64;
}

export const SERIES_EXPIRED: u32 = 1;
export const SERIES_REMOVED: u32 = 2;
