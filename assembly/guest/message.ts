/**
 * Bytes on their way to the monitor: the definition and series messages of assembly/README.md,
 * and plain UTF-8 text. Little-endian; `str` is a u16 byte count and that many bytes.
 * One message grows to its longest content and is then reused: writing allocates nothing.
 */

/** The longest `str`. A longer one is cut, which makes its message too long for the monitor. */
const STR_BYTES_MAX: u32 = 0xffff;

/** A reusable buffer that is appended to. */
@final
export class Message {
  /** Bytes written since the last `reset`. */
  byteCount: u32 = 0;

  private buffer: ArrayBuffer = new ArrayBuffer(256);

  /** Where the bytes are; valid until the next `put`. */
  get address(): usize {
    return changetype<usize>(this.buffer);
  }

  reset(): void {
    this.byteCount = 0;
  }

  putU8(value: u32): void {
    this.reserve(1);
    store<u8>(this.address + this.byteCount, <u8>value);
    this.byteCount += 1;
  }

  putU16(value: u32): void {
    this.reserve(2);
    store<u16>(this.address + this.byteCount, <u16>value);
    this.byteCount += 2;
  }

  putF64(value: f64): void {
    this.reserve(8);
    store<f64>(this.address + this.byteCount, value);
    this.byteCount += 8;
  }

  /** Appends text as UTF-8 without a length. */
  putText(text: string): void {
    this.reserve(<u32>text.length * 3); // a UTF-16 unit is at most three bytes of UTF-8
    this.byteCount += <u32>(
      String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, this.address + this.byteCount)
    );
  }

  /** Appends a `str`. */
  putStr(text: string): void {
    const begin = this.byteCount;
    this.putU16(0);
    this.putText(text);
    const textBytes = this.byteCount - begin - 2;
    store<u16>(this.address + begin, <u16>min<u32>(textBytes, STR_BYTES_MAX));
  }

  /** Appends another message. */
  putMessage(other: Message): void {
    this.reserve(other.byteCount);
    memory.copy(this.address + this.byteCount, other.address, other.byteCount);
    this.byteCount += other.byteCount;
  }

  private reserve(byteCount: u32): void {
    const needed = this.byteCount + byteCount;
    if (needed <= <u32>this.buffer.byteLength) return;
    const grown = new ArrayBuffer(max<u32>(needed, <u32>this.buffer.byteLength * 2));
    memory.copy(changetype<usize>(grown), this.address, this.byteCount);
    this.buffer = grown;
  }
}

/** The message that calls of one moment write and send; whoever uses it resets it first. */
export const scratch = new Message();
