/**
 * A cursor over the bytes of a wasm module (WebAssembly core specification 2.0, §5). Whatever is
 * cut off or too large becomes a `GUEST_INVALID` that names the place.
 */
import { MonitorError } from "../errors.js";

const DECODER = new TextDecoder();

/** Longest LEB128 encoding of a u32, in bytes. */
const U32_BYTES_MAX = 5;

/** Reads numbers and names; never beyond `until`. */
export class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public position = 0,
    readonly until = bytes.length,
  ) {}

  /** True when nothing is left. */
  get isDone(): boolean {
    return this.position >= this.until;
  }

  u8(): number {
    if (this.position >= this.until) this.fail("the module is cut off");
    return this.bytes[this.position++] as number;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const begin = this.position;
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) break;
      if (this.position - begin >= U32_BYTES_MAX) this.fail("a number is too long");
    }
    if (value > 0xffffffff) this.fail("a number is too large");
    return value;
  }

  /** A count of things that take at least a byte each: no more than there are bytes left. */
  count(): number {
    const count = this.u32();
    if (count > this.until - this.position) this.fail("a count exceeds the section");
    return count;
  }

  /** Steps over one LEB128 of any width and sign. */
  skipLeb(): void {
    const begin = this.position;
    while (this.u8() >= 128) if (this.position - begin > 10) this.fail("a number is too long");
  }

  /** Steps over `byteCount` bytes. */
  skip(byteCount: number): void {
    if (byteCount > this.until - this.position) this.fail("the module is cut off");
    this.position += byteCount;
  }

  /** A name; what is not UTF-8 becomes U+FFFD. */
  name(): string {
    const begin = this.skipName();
    return DECODER.decode(this.bytes.subarray(begin, this.position));
  }

  /** Steps over a name; returns where its text begins. */
  skipName(): number {
    const byteCount = this.u32();
    const begin = this.position;
    this.skip(byteCount);
    return begin;
  }

  /** Throws `GUEST_INVALID`. */
  fail(what: string): never {
    const place = `at byte ${this.position}`;
    throw new MonitorError("GUEST_INVALID", `cannot read the wasm module: ${what} ${place}`);
  }
}
