/**
 * What one round counts: lines, words, distinct words, bytes, and a checksum over all of them.
 * Bytes come in chunks of any length, so files of any length take bounded memory.
 */

/** Distinct words that are kept; past it new ones are only counted. */
export const DISTINCT_MAX: i32 = 200000;
/** Bytes that tell one word from another; the rest of a longer word is ignored. */
const WORD_BYTES_MAX: u32 = 64;

/** FNV-1a, 64 bits: where it begins. In halves, because JavaScript's tools read it too. */
const FNV_OFFSET: u64 = ((<u64>0xcbf29ce4) << 32) | 0x84222325;

const WORD = memory.data(64);

/** The counts of one round; `endFile` after each file. */
@final
export class Tally {
  lines: u64 = 0;
  words: u64 = 0;
  bytes: u64 = 0;
  /** Words that came after `DISTINCT_MAX` distinct ones and were new. */
  uncounted: u64 = 0;
  /** FNV-1a over all bytes, 64 bits. */
  checksum: u64 = FNV_OFFSET;

  private readonly seen: Map<string, u32> = new Map<string, u32>();
  private wordBytes: u32 = 0;
  private isInWord: bool = false;

  /** Distinct words so far, at most `DISTINCT_MAX`. */
  get distinct(): i32 {
    return this.seen.size;
  }

  /** Counts a chunk; a word may go on in the next one. */
  putChunk(address: usize, byteCount: u32): void {
    let checksum = this.checksum;
    for (let i: u32 = 0; i < byteCount; i++) {
      const byte = load<u8>(address + i);
      checksum = (checksum ^ byte) * 0x100000001b3;
      if (byte === 10) this.lines++;
      if (byte === 32 || byte - 9 < 5) this.endWord();
      else this.putWordByte(byte);
    }
    this.checksum = checksum;
    this.bytes += byteCount;
  }

  /** Ends the last word of a file. */
  endFile(): void {
    this.endWord();
  }

  private putWordByte(byte: u8): void {
    this.isInWord = true;
    if (this.wordBytes < WORD_BYTES_MAX) store<u8>(WORD + this.wordBytes++, byte);
  }

  private endWord(): void {
    if (!this.isInWord) return;
    const word = String.UTF8.decodeUnsafe(WORD, this.wordBytes);
    this.isInWord = false;
    this.wordBytes = 0;
    this.words++;
    if (this.seen.has(word)) this.seen.set(word, this.seen.get(word) + 1);
    else if (this.seen.size < DISTINCT_MAX) this.seen.set(word, 1);
    else this.uncounted++;
  }
}
