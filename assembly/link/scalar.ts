/**
 * Vectors without SIMD, for runtimes that have none (WAMR's compiler, its classic interpreter): the
 * build replaces `v128` and `i8x16` by this. A vector is the address of its 16
 * bytes. Knows what the core uses, in the ways that it uses it: a vector that is computed lives
 * until the next one is.
 */

const bytesOf: usize = memory.data(16, 16);

/** `v128`. */
@final
// biome-ignore lint/complexity/noStaticOnlyClass: the core writes them so, as `v128.load`
export class Block {
  static load(address: usize, offset: usize = 0): usize {
    return address + offset;
  }

  /** Copies 16 bytes; what overlaps is read first. */
  static store(address: usize, block: usize, offset: usize = 0): void {
    const low = load<u64>(block);
    const high = load<u64>(block, 8);
    store<u64>(address + offset, low);
    store<u64>(address + offset, high, 8);
  }
}

/** `i8x16`. */
@final
// biome-ignore lint/complexity/noStaticOnlyClass: the core writes them so, as `v128.load`
export class Bytes {
  static splat(value: i32): usize {
    memory.fill(bytesOf, <u8>value, 16);
    return bytesOf;
  }
}
