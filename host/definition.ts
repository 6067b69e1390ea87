/**
 * Definitions of sources, and the messages that carry them to the core (assembly/README.md,
 * *Messages*).
 */
import { INPUT_BYTES_MAX, type SourceFlag, TAG_VALUE_BYTES_MAX } from "../assembly/abi.js";
import { MonitorError } from "./errors.js";

/** The type of a field: how it is stored, and its wire type for ever. */
export type FieldKind =
  /** Integer; only grows. */
  | "counter"
  | "float-counter"
  /** Integer; truncated. */
  | "gauge"
  | "float-gauge"
  | "bool"
  | "f64"
  | "i64"
  | "u64"
  /** Nanoseconds. */
  | "duration"
  | "text"
  | "histogram"
  | "summary";

export interface FieldOptions {
  readonly key: string;
  readonly type: FieldKind;
  /** @default the source's help, or its name, and the key */
  readonly help?: string | undefined;
  /** Suffix of the Prometheus name: `bytes`, `seconds`. @default none */
  readonly unit?: string | undefined;
  /** Upper bounds of a histogram, ascending; `+Inf` is implied. @default `BOUNDS` */
  readonly bounds?: readonly number[] | undefined;
  /** Quantiles of a summary, each in [0, 1], ascending; 8 KiB a series if any. @default none */
  readonly quantiles?: readonly number[] | undefined;
  /** Bytes that a text may have, 1 to 4,096; more is cut and counted. @default 64 */
  readonly bytesMax?: number | undefined;
}

export interface SourceOptions {
  /** 1 to 255 bytes without comma or newline. */
  readonly name: string;
  readonly help?: string | undefined;
  /** How Prometheus names begin. @default the name */
  readonly prefix?: string | undefined;
  /** Tag keys. @default none */
  readonly tags?: readonly string[] | undefined;
  readonly fields: readonly FieldOptions[];
  /** Hides a series whose values have not changed for this long, in milliseconds. @default never */
  readonly ttlMs?: number | undefined;
}

/** The default bounds: those of prometheus for OCaml. */
export const BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** `count` bounds, the first `start`, each `width` more than the last. */
export function linearBounds(start: number, width: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start + width * index);
}

/** `count` bounds, the first `start`, each `factor` times the last. */
export function exponentialBounds(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => start * factor ** index);
}

/** In the order of `FieldType`: a kind's place is its number. */
const KINDS: readonly FieldKind[] = [
  "bool",
  "f64",
  "i64",
  "u64",
  "duration",
  "counter",
  "float-counter",
  "gauge",
  "float-gauge",
  "histogram",
  "summary",
  "text",
];

/** The message of a source; `flags` are `SourceFlag`s. */
export function encodeSource(options: SourceOptions, flags: SourceFlag | 0 = 0): Uint8Array {
  const { name, help = name, prefix = "", tags = [], fields } = options;
  at = 0;
  put(flags);
  for (const text of [name, prefix, help]) putText(text);
  putF64(ttlOf(options));
  // The core refuses far fewer than a byte can tell.
  put(Math.min(tags.length, 255));
  for (const tag of tags) putText(tag);
  put(Math.min(fields.length, 255));
  for (const field of fields) putField(field, help);
  return room.slice(0, at);
}

/** Never is 0 to the core. */
function ttlOf({ name, ttlMs = 0 }: SourceOptions): number {
  if (typeof ttlMs === "number" && ttlMs >= 0) return Number.isFinite(ttlMs) ? ttlMs : 0;
  throw new MonitorError("PARAMETER_INVALID", `${name}: a TTL of ${ttlMs} is no time in ms`);
}

/** The message of one field more; `help` is what it falls back to. */
export function encodeField(options: FieldOptions, help: string): Uint8Array {
  at = 0;
  putField(options, help);
  return room.slice(0, at);
}

/** The message of a tag set: values in the definition's order. */
export function encodeValues(values: readonly string[]): Uint8Array {
  at = 0;
  for (const value of values) putText(value);
  return room.slice(0, at);
}

/** The text, or as much of it as a tag value may have: 1,024 bytes, whole characters. */
export function fitTagValue(text: string): string {
  if (text.length <= TAG_VALUE_BYTES_MAX / 3) return text;
  const { read } = encoder.encodeInto(text, room.subarray(0, TAG_VALUE_BYTES_MAX));
  return text.slice(0, read);
}

function putField(field: FieldOptions, help: string): void {
  const { key, type, unit = "" } = field;
  const kind = KINDS.indexOf(type);
  if (kind < 0) {
    throw new MonitorError("FIELD_INVALID", `field ${key}: type ${type} is none of ${KINDS}`);
  }
  put(kind);
  for (const text of [key, field.help ?? `${help.replace(/\.$/, "")}: ${key}`, unit]) {
    putText(text);
  }
  const parameters = parametersOf(field);
  putU16(parameters.length);
  for (const parameter of parameters) putF64(parameter);
}

function parametersOf({ type, bounds = BOUNDS, quantiles = [], bytesMax }: FieldOptions) {
  if (type === "histogram") return bounds;
  if (type === "summary") return quantiles;
  return type === "text" && bytesMax !== undefined ? [bytesMax] : [];
}

const encoder = new TextEncoder();
const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);
/**
 * Where a message is written, one at a time: a byte more than the core takes. What does not fit is
 * not written, and what is that long the core refuses.
 */
const room = new Uint8Array(INPUT_BYTES_MAX + 1);
/** Where the next byte goes. */
let at = 0;

function put(byte: number): void {
  room[at++] = byte;
}

function putU16(value: number): void {
  put(value);
  put(value >> 8);
}

/** Little-endian, as every machine is whose typed arrays fit wasm's memory. */
function putF64(value: number): void {
  float[0] = value;
  floatBytes.forEach(put);
}

function putText(text: string): void {
  if (typeof text !== "string") throw new MonitorError("MALFORMED", `${text} is no text`);
  const { read, written } = encoder.encodeInto(text, room.subarray(at + 2));
  putU16(written);
  at = read < text.length ? room.length : at + written;
}
