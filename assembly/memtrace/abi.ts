/**
 * The numbers that the trace module (`build/memtrace.wasm`) and its hosts share: status codes,
 * counters, limits. Compiled by asc into the module and by tsc into the host.
 */

/** Why the writer refused something; nothing changed then. Never a trap. */
export enum TraceStatus {
  Ok = 0,
  /** `begin` has not succeeded yet. */
  NotBegun = -1,
  /**
   * The time is not a number, or past 2^53 - 1 µs. (A time in the past is clamped, not refused.)
   */
  TimeInvalid = -2,
  /** Words or samples are negative, not a number, or past 2^53 - 1. */
  CountInvalid = -3,
  /** The source is not an `AllocationSource`. */
  SourceInvalid = -4,
  /** A backtrace without frames, or with more than `DEPTH_MAX`. */
  DepthInvalid = -5,
  /** The id was not given to an allocation yet. */
  IdInvalid = -6,
  /** The texts of the trace information do not fit into one packet: `INFO_BYTES_MAX`. */
  InfoTooLong = -7,
  /** A rate outside (0, 1], a word size outside 1 to 255 bits. */
  InfoInvalid = -8,
  /** A list of locations that does not decode. */
  Malformed = -9,
}

/** Where a block came from. Guests' blocks are `External`: viewers hide unpromoted minor ones. */
export enum AllocationSource {
  Minor = 0,
  Major = 1,
  External = 2,
}

/** Index of a u32 in the module's counters. */
export enum TraceCounter {
  /** Events whose time lay before the last event's, and which carry that one's. */
  ClampedTimes = 0,
  /** Backtraces of which only the outer 4,096 bytes' worth was written. */
  CutBacktraces = 1,
  /** Lists of locations that were too long and became `<unknown>`. */
  UnknownLocations = 2,
  /** Lines and columns that were out of the format's range and became its maximum. */
  ClampedFields = 3,
  /** Location codes 0, which readers do not know, written as 1. */
  ZeroCodes = 4,
}

/** Index of a u32 in the module's output block: what a call left for the host to emit or answer. */
export enum TraceOutput {
  /** Bytes at `locationPacket`: to be emitted before the event packet; 0 for none. */
  LocationBytes = 0,
  /** Bytes at `EventAddress`; 0 for none. */
  EventBytes = 1,
  EventAddress = 2,
}

/** Counters in all. */
export const COUNTERS_COUNT = 5;

/** Bytes of a packet, header included. */
export const PACKET_BYTES_MAX = 32768;
/** Bytes of the four texts of the trace information. */
export const INFO_BYTES_MAX = 32675;
/** Frames of a backtrace. */
export const DEPTH_MAX = 65536;
/** Codes that one event can bring in: at most one in 10 of 4,096 bytes. */
export const MISSES_MAX = 512;
/** Locations of one code; more become `<unknown>`. */
export const LOCATIONS_MAX = 255;
/** Bytes of one code's locations at worst; more become `<unknown>`. */
export const LOCATION_BYTES_MAX = 4096;
/**
 * Bytes of a location in the list that the host writes: line, first column, last column as f64,
 * then byte counts of file and definition as u32; the two texts follow.
 */
export const LOCATION_RECORD_BYTES = 32;
/** The largest countdown that the sampler arms, in words. */
export const COUNTDOWN_MAX = 1073741824;
