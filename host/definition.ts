/**
 * Definitions of sources, and the messages that carry them to the core (assembly/README.md,
 * *Messages*).
 */
import { FieldType, type SourceFlag, TAG_VALUE_BYTES_MAX } from "../assembly/abi.js";
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

const FIELD_TYPES: Readonly<Record<FieldKind, FieldType>> = {
  bool: FieldType.Bool,
  f64: FieldType.F64,
  i64: FieldType.I64,
  u64: FieldType.U64,
  duration: FieldType.Duration,
  counter: FieldType.Counter,
  "float-counter": FieldType.FloatCounter,
  gauge: FieldType.Gauge,
  "float-gauge": FieldType.FloatGauge,
  histogram: FieldType.Histogram,
  summary: FieldType.Summary,
  text: FieldType.Text,
};

/** The message of a source; `flags` are `SourceFlag`s. */
export function encodeSource(options: SourceOptions, flags: SourceFlag | 0 = 0): Uint8Array {
  const message = new Message();
  message.putU8(flags);
  message.putText(options.name);
  message.putText(options.prefix ?? "");
  message.putText(options.help ?? options.name);
  message.putF64(ttlOf(options));
  message.putCount(options.tags?.length ?? 0, options.name, "tags");
  for (const tag of options.tags ?? []) message.putText(tag);
  message.putCount(options.fields.length, options.name, "fields");
  for (const field of options.fields) putField(message, field, options.help ?? options.name);
  return message.end();
}

/** Never is 0 to the core. */
function ttlOf({ name, ttlMs = 0 }: SourceOptions): number {
  if (ttlMs === Number.POSITIVE_INFINITY) return 0;
  if (typeof ttlMs === "number" && ttlMs >= 0) return ttlMs;
  throw new MonitorError("PARAMETER_INVALID", `${name}: a TTL of ${ttlMs} is no time in ms`);
}

/** The message of one field more; `help` is what it falls back to. */
export function encodeField(options: FieldOptions, help: string): Uint8Array {
  const message = new Message();
  putField(message, options, help);
  return message.end();
}

/** The message of a tag set: values in the definition's order. */
export function encodeValues(values: readonly string[]): Uint8Array {
  const message = new Message();
  for (const value of values) message.putText(value);
  return message.end();
}

const tagValueRoom = new Uint8Array(TAG_VALUE_BYTES_MAX);

/** The text, or as much of it as a tag value may have: 1,024 bytes, whole characters. */
export function fitTagValue(text: string): string {
  if (text.length <= TAG_VALUE_BYTES_MAX / 3) return text;
  const { read } = encoder.encodeInto(text, tagValueRoom);
  return read === text.length ? text : text.slice(0, read);
}

function putField(message: Message, field: FieldOptions, help: string): void {
  const type = FIELD_TYPES[field.type];
  if (type === undefined) {
    const kinds = Object.keys(FIELD_TYPES).join(", ");
    throw new MonitorError(
      "FIELD_INVALID",
      `field ${field.key}: no type ${field.type}; there are ${kinds}`,
    );
  }
  message.putU8(type);
  message.putText(field.key);
  message.putText(field.help ?? `${help.replace(/\.$/, "")}: ${field.key}`);
  message.putText(field.unit ?? "");
  const parameters = parametersOf(field);
  message.putU16(parameters.length);
  for (const parameter of parameters) message.putF64(parameter);
}

function parametersOf(field: FieldOptions): readonly number[] {
  if (field.type === "histogram") return field.bounds ?? BOUNDS;
  if (field.type === "summary") return field.quantiles ?? [];
  return field.type === "text" && field.bytesMax !== undefined ? [field.bytesMax] : [];
}

const encoder = new TextEncoder();
/** A definition is at most the core's input, 64 KiB; the core refuses what is longer. */
const MESSAGE_BYTES = 65536;
const TEXT_BYTES_MAX = 65535;

/** Writes a message; it grows as needed. */
class Message {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  putU8(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  putCount(count: number, name: string, what: string): void {
    if (count > 255)
      throw new MonitorError("LIMIT_REACHED", `${name}: ${count} ${what}, at most 250`);
    this.putU8(count);
  }

  putU16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, Math.min(value, TEXT_BYTES_MAX), true);
    this.#at += 2;
  }

  putF64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  putText(text: string): void {
    if (typeof text !== "string") throw new MonitorError("MALFORMED", `${text} is no text`);
    if (text.length > TEXT_BYTES_MAX) {
      const limit = `at most ${TEXT_BYTES_MAX} bytes`;
      throw new MonitorError("MALFORMED", `a text of ${text.length} characters: ${limit}`);
    }
    this.#room(2 + text.length * 3);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#at + 2));
    if (written > TEXT_BYTES_MAX) {
      throw new MonitorError("MALFORMED", `a text of ${written} bytes: at most ${TEXT_BYTES_MAX}`);
    }
    this.#view.setUint16(this.#at, written, true);
    this.#at += 2 + written;
  }

  end(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(byteCount: number): void {
    if (this.#at + byteCount <= this.#bytes.length) return;
    if (this.#at > MESSAGE_BYTES) throw new MonitorError("MALFORMED", "a definition over 64 KiB");
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + byteCount));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
