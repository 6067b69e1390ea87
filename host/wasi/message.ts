/**
 * Messages from guests (assembly/README.md, *Messages*), read as far as the core does not: their
 * texts must be UTF-8, since one invalid byte would make a scraper refuse the whole exposition.
 */
import { Status, TAG_VALUE_BYTES_MAX } from "../../assembly/abi.js";

/** Decides whether bytes are UTF-8. */
export function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Decodes bytes lossily: what is not UTF-8 becomes U+FFFD. */
export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Makes UTF-8 of bytes, lossily; returns the same bytes if they are UTF-8 already. */
function cleanText(bytes: Uint8Array): Uint8Array {
  const text = decode(bytes);
  return text.includes("\ufffd") ? encoder.encode(text) : bytes;
}

/**
 * Makes UTF-8 of the values in a series message, lossily; returns the same message if it needs
 * nothing. What does not decode, and a value of more than 1,024 bytes, stays: the core refuses it.
 */
export function cleanValues(message: Uint8Array): Uint8Array {
  const reader = new Reader(message);
  const parts: Uint8Array[] = [];
  let changed = false;
  while (reader.left > 0) {
    const value = reader.readText();
    const clean = value.length > TAG_VALUE_BYTES_MAX ? value : cleanText(value);
    changed ||= clean !== value;
    parts.push(Uint8Array.of(clean.length & 255, clean.length >> 8), clean);
  }
  return changed && !reader.failed ? concatenate(parts) : message;
}

/**
 * Reads how many fields a definition has; `Status.Malformed` if a length points past its end or a
 * text is not UTF-8.
 */
export function readFieldCount(definition: Uint8Array): number {
  const reader = new Reader(definition);
  reader.skip(1); // flags
  reader.checkTexts(3); // name, prefix, help
  reader.skip(8); // ttlMs
  reader.checkTexts(reader.readU8()); // tag keys
  const fieldCount = reader.readU8();
  for (let left = fieldCount; left > 0; left--) {
    reader.skip(1); // type
    reader.checkTexts(3); // key, help, unit
    reader.skip(8 * reader.readU16()); // parameters
  }
  return reader.failed ? Status.Malformed : fieldCount;
}

/** A cursor: a read past the end yields zeros and fails, so that one reads on and asks once. */
class Reader {
  failed = false;
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Bytes not yet read. */
  get left(): number {
    return this.bytes.length - this.#at;
  }

  readU8(): number {
    return this.#take(1)[0] ?? 0;
  }

  readU16(): number {
    const [low = 0, high = 0] = this.#take(2);
    return low | (high << 8);
  }

  readText(): Uint8Array {
    return this.#take(this.readU16());
  }

  skip(byteCount: number): void {
    this.#take(byteCount);
  }

  /** Reads texts, and fails if one is not UTF-8. */
  checkTexts(count: number): void {
    for (let left = count; left > 0; left--) {
      if (!isUtf8(this.readText())) this.failed = true;
    }
  }

  #take(byteCount: number): Uint8Array {
    const start = this.#at;
    const fits = byteCount <= this.left;
    if (!fits) this.failed = true;
    this.#at = fits ? start + byteCount : this.bytes.length;
    return this.bytes.subarray(start, fits ? this.#at : start);
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// A byte order mark is a character like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();
