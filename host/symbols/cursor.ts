/**
 * Reads little-endian numbers, LEB128 and strings from bytes that may be anything: what reaches
 * beyond the end throws `BrokenInput`, which never leaves this folder.
 */

/** Debug information that does not decode; the next source of names is asked instead. */
export class BrokenInput extends Error {
  override readonly name = "BrokenInput";
}

/** Longer names are cut: a hostile one may span the file. */
const NAME_BYTES_MAX = 16_384;

const decoder = new TextDecoder();

/** A position in bytes that moves forward as it reads. */
export class Cursor {
  private readonly view: DataView;

  /** Reads from `at` up to, not including, `until`; both are offsets in `bytes`. */
  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly until = bytes.length,
  ) {
    if (until > bytes.length || at > until || at < 0) throw new BrokenInput("range outside");
    this.view = new DataView(bytes.buffer, bytes.byteOffset, until);
  }

  get isAtEnd(): boolean {
    return this.at >= this.until;
  }

  u8(): number {
    if (this.at >= this.until) throw new BrokenInput("ends early");
    return this.bytes[this.at++] as number;
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u24(): number {
    const low = this.u16();
    return low | (this.u8() << 16);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** Exact up to 2^53; beyond it rounded, which no offset in a file can be. */
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 0x1_0000_0000;
  }

  /** An address or offset of 1, 2, 4 or 8 bytes. */
  unsigned(byteCount: number): number {
    if (byteCount === 4) return this.u32();
    if (byteCount === 8) return this.u64();
    if (byteCount === 2) return this.u16();
    if (byteCount === 1) return this.u8();
    throw new BrokenInput(`a number of ${byteCount} bytes`);
  }

  /** LEB128, at most 10 bytes; exact up to 2^53. */
  uleb(): number {
    let byte = this.u8();
    if (byte < 128) return byte;
    let value = byte & 127;
    for (let factor = 128; ; factor *= 128) {
      byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      if (factor > 2 ** 62) throw new BrokenInput("a number over 64 bits");
    }
  }

  /** Signed LEB128, at most 10 bytes; exact within ±2^53. */
  sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.u8();
      value += (byte & 127) * factor;
      if (byte < 128) return byte & 64 ? value - factor * 128 : value;
      if (factor > 2 ** 62) throw new BrokenInput("a number over 64 bits");
    }
  }

  skip(byteCount: number): void {
    this.take(byteCount);
  }

  /** UTF-8 of a known length. */
  text(byteCount: number): string {
    const begin = this.take(byteCount);
    return decodeText(this.bytes, begin, this.at);
  }

  /** UTF-8 up to a NUL, which is passed. */
  cstring(): string {
    const begin = this.at;
    this.skipCstring();
    return decodeText(this.bytes, begin, this.at - 1);
  }

  skipCstring(): void {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0 || end >= this.until) throw new BrokenInput("a string without end");
    this.at = end + 1;
  }

  /** Passes `byteCount` bytes and returns where they begin. */
  private take(byteCount: number): number {
    const begin = this.at;
    if (!(byteCount <= this.until - begin)) throw new BrokenInput("ends early");
    this.at = begin + byteCount;
    return begin;
  }
}

function decodeText(bytes: Uint8Array, begin: number, until: number): string {
  return decoder.decode(bytes.subarray(begin, Math.min(until, begin + NAME_BYTES_MAX)));
}
