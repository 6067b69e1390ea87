/**
 * The numbers that the core and its hosts share: status codes, enums, flags, record offsets,
 * limits. Compiled by asc into the core and by tsc into the host, so that neither can drift.
 */

/** What a registration returns when it is refused; success is an address, always positive. */
export enum Status {
  Ok = 0,
  /** The message does not decode: a length points past its end, or a guest's text is not UTF-8. */
  Malformed = -1,
  /** A source, log source or metric name is empty, too long, has a comma or newline, or is not
   * `[a-zA-Z_:][a-zA-Z0-9_:]*` in a family. */
  NameInvalid = -2,
  /** The source, or a Prometheus metric name it would expose, exists already. */
  NameTaken = -3,
  /** A tag key is empty, repeated, reserved (`le`, `quantile`), or not a label name in a family. */
  TagInvalid = -4,
  /** A field's key is empty or repeated, or its type is unknown. */
  FieldInvalid = -5,
  /** Histogram bounds do not ascend strictly, or a quantile is outside [0, 1]. */
  ParameterInvalid = -6,
  /** More tag keys or fields than `TAGS_MAX` or `FIELDS_MAX`, or more handles than fit. */
  LimitReached = -7,
  /** `memory.grow` was refused; nothing changed. */
  OutOfMemory = -8,
  /** The source, series or handle named by the caller does not exist or cannot take this. */
  NoSuchThing = -9,
}

/** How a field is stored and which wire type it has for ever. */
export enum FieldType {
  /** 0 or 1 in a float cell; `true`/`false` on the Influx wire. */
  Bool = 0,
  /** A float without Prometheus semantics beyond gauge. */
  F64 = 1,
  I64 = 2,
  U64 = 3,
  /** Nanoseconds in a float cell; `…i` in ns on the Influx wire, seconds in Prometheus. */
  Duration = 4,
  /** A float cell that only grows; written as an integer (truncated). */
  Counter = 5,
  FloatCounter = 6,
  /** A float cell, written as an integer (truncated). */
  Gauge = 7,
  FloatGauge = 8,
  Histogram = 9,
  Summary = 10,
  Text = 11,
}

/** What a cell can do: the low byte of its state word. Checked by every guest-facing operation. */
export enum CellKind {
  Counter = 1,
  Gauge = 2,
  Integer = 3,
  Histogram = 4,
  Summary = 5,
  Text = 6,
}

/** Log levels, ordered: a message passes when its level is at most the source's threshold. */
export enum Level {
  Quiet = 0,
  App = 1,
  Error = 2,
  Warning = 3,
  Info = 4,
  Debug = 5,
}

/** Flags of `configure`. */
export enum CoreFlag {
  /** The control port as the original has it, and its InfluxQL keyword prefix. */
  Strict = 1,
  /** Tags are written sorted by key; otherwise in registration order. */
  SortTags = 2,
  /** Lines carry nanosecond timestamps. */
  Timestamps = 4,
  /** Unsigned fields are written `u`; otherwise `i`, saturated at 2^63 − 1. */
  UnsignedSuffix = 8,
  /** Unsigned fields are written as floats. */
  UnsignedFloat = 16,
}

/** Flags of a source definition. */
export enum SourceFlag {
  /** A Prometheus-style family: names are validated, not mapped; one field. */
  Family = 1,
  /** Counters keep their exact name (no `_total`); OpenMetrics type `unknown`. */
  ExactName = 2,
}

/** Flags of `command`. */
export enum CommandFlag {
  /** Settings of unknown sources are kept until those register (start-up options). */
  KeepUnknown = 1,
}

/** What `encode` writes. */
export enum Format {
  /** Line protocol. */
  Influx = 0,
  /** The text format 0.0.4. */
  Prometheus = 1,
  /** OpenMetrics 1.0. */
  OpenMetrics = 2,
}

/** What the last command did: bits of `outcome`. */
export enum Outcome {
  Failed = 1,
  /** It was a setting, understood and applied. */
  Changed = 2,
  /** Strict mode only: it named an unknown source, which was ignored. */
  UnknownIgnored = 4,
}

/** Where three u32 count: series, registrations past a cap, writes refused. */
export const COUNTERS_ADDRESS = 2048;
/** Where hosts write what they pass in: `INPUT_BYTES_MAX` bytes. */
export const INPUT_ADDRESS = 4096;

/** Offset of the u32 in a source record that is 1 while the source is active. */
export const SOURCE_ACTIVE_OFFSET = 8;
/** Offset of the address of a source's first field record. */
export const SOURCE_FIELDS_OFFSET = 48;
/** Offset of the address of the next field record of the same source; 0 = none. */
export const FIELD_NEXT_OFFSET = 0;
/** Offset of the u32 in a field record that is where its cell is, from a series record on. */
export const FIELD_CELL_OFFSET = 4;
/** Offset of the u32 in a text's field record that is how many bytes it takes. */
export const FIELD_CAPACITY_OFFSET = 8;
/** Offset of the u32 in a log source record that holds its threshold, a `Level`. */
export const LOG_LEVEL_OFFSET = 8;
/** Offset of the u16 in a cell: `CellKind`, plus `CELL_ACTIVE` while its source is active. */
export const CELL_STATE_OFFSET = 6;
/** Added to a cell's state while its source is active. */
export const CELL_ACTIVE = 256;
/** Offset of the state's upper byte: 1 while the source is active, else 0. */
export const CELL_ACTIVE_OFFSET = 7;
/**
 * A cell's first eight bytes, read as a double, are at least this (2^-1007) while its source is
 * active, and less otherwise: a host that writes through an array of doubles needs no second one.
 */
export const CELL_ACTIVE_FLOAT = 7.291122019556398e-304;
/**
 * Offset of a cell's value: f64 or 64-bit integer; sum of a histogram or summary; of a text a u16
 * byte count and the bytes.
 */
export const CELL_VALUE_OFFSET = 8;
/** Offset of a histogram cell's first bucket: f64 each, not cumulative, `+Inf` last. */
export const CELL_BUCKETS_OFFSET = 16;

/** Bytes of the input buffer: the longest command, definition, tag set or text. */
export const INPUT_BYTES_MAX = 65536;
/** Bytes of a name, tag key or field key. */
export const NAME_BYTES_MAX = 255;
/** Bytes of a tag value, and of the vm name. */
export const TAG_VALUE_BYTES_MAX = 1024;
export const TAGS_MAX = 32;
export const FIELDS_MAX = 250;
/** Bounds of one histogram, quantiles of one summary. */
export const PARAMETERS_MAX = 250;
export const SOURCES_MAX = 10000;
export const LOGS_MAX = 10000;
/** Tag keys with a remembered setting. */
export const TAG_SETTINGS_MAX = 1000;
/** Bytes of a text field's value unless the definition says otherwise. */
export const TEXT_BYTES_DEFAULT = 64;
/** Handles that guests may hold. */
export const HANDLES_MAX = 1000000;

/** What a guest's call of a block device returns; `block_acquire`: a handle instead of `Ok`. */
export enum BlockStatus {
  Ok = 0,
  /** No device has that name or handle. */
  NoSuchDevice = -20,
  /** The offset or the length is not whole sectors. */
  Unaligned = -21,
  /** The span ends past the device. */
  OutOfBounds = -22,
  /** The device cannot be written. */
  ReadOnly = -23,
  /** The span is not all in the guest's memory, or is longer than a call may move. */
  Fault = -24,
  /** The storage failed: see the host's log. */
  IoError = -25,
  /** The storage is full; nothing of this call is promised to be there. */
  NoSpace = -26,
}

/** Bytes that one read or write of a block device may move. */
export const BLOCK_BYTES_MAX = 16777216;
/** Bytes of what `block_acquire` tells: u64 capacity in bytes · u32 sector bytes · u32 flags. */
export const BLOCK_INFO_BYTES = 16;
/** Flag of `block_acquire`: the device cannot be written. */
export const BLOCK_READONLY = 1;
