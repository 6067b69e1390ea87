/**
 * Bounds-checked little-endian reads over one packet. A read beyond the end throws a DamageError
 * that names the byte in the trace.
 */
import { DamageError, OverrunError } from "./damage.js";

// The trace's strings are UTF-8; what is not becomes U+FFFD. A byte order mark is text.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads one span of bytes from its start to its end. */
export class Cursor {
  position = 0;
  readonly #view: DataView;

  /** `origin` is the offset of the first byte in the trace. */
  constructor(
    readonly bytes: Uint8Array,
    private readonly origin: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.bytes.length - this.position;
  }

  /** Offset in the trace of the next byte. */
  get byte(): number {
    return this.origin + this.position;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A time or an id: beyond 2^53 - 1 it is damage, called `what`. */
  u64(what: string): number {
    const at = this.#take(8);
    const value =
      this.#view.getUint32(at + 4, true) * 0x1_0000_0000 + this.#view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) throw this.#damage(at, `${what} is out of range`);
    return value;
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#take(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A string that ends with a NUL. */
  text(): string {
    const end = this.bytes.indexOf(0, this.position);
    if (end < 0) throw new OverrunError(this.byte);
    const text = decoder.decode(this.bytes.subarray(this.position, end));
    this.position = end + 1;
    return text;
  }

  /** An integer of 1, 3, 5 or 9 bytes; the last two are signed. Beyond ±2^53 it is damage. */
  vint(what: string): number {
    const first = this.u8();
    if (first < 253) return first;
    if (first === 253) return this.u16();
    if (first === 254) return this.#view.getInt32(this.#take(4), true);
    const at = this.position - 1;
    const value = Number(this.i64());
    if (!Number.isSafeInteger(value)) throw this.#damage(at, `${what} is out of range`);
    return value;
  }

  /** Moves behind the next `byteCount` bytes; the position before. */
  #take(byteCount: number): number {
    const at = this.position;
    const behind = at + byteCount;
    if (behind > this.bytes.length) throw new OverrunError(this.byte);
    this.position = behind;
    return at;
  }

  #damage(position: number, reason: string): DamageError {
    return new DamageError(this.origin + position, reason);
  }
}
