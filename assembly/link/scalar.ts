/**
 * Vectors without SIMD, for runtimes that have none (WAMR's compiler, its classic interpreter): the
 * build replaces `v128`, `f64x2`, `i64x2` and `i8x16` by this. A vector is the address of its 16
 * bytes. Knows what the core uses, in the ways that it uses it: a vector that is computed lives
 * until the next one is.
 */

const bytesOf: usize = memory.data(16, 16);
const doublesOf: usize = memory.data(16, 16);
const integersOf: usize = memory.data(16, 16);
const resultOf: usize = memory.data(16, 16);

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

/** `f64x2`. */
@final
// biome-ignore lint/complexity/noStaticOnlyClass: the core writes them so, as `v128.load`
export class Doubles {
  static splat(value: f64): usize {
    store<f64>(doublesOf, value);
    store<f64>(doublesOf, value, 8);
    return doublesOf;
  }

  /** All bits of a lane set where the left is greater. */
  static gt(left: usize, right: usize): usize {
    const low = -(<i64>(load<f64>(left) > load<f64>(right)));
    const high = -(<i64>(load<f64>(left, 8) > load<f64>(right, 8)));
    store<i64>(resultOf, low);
    store<i64>(resultOf, high, 8);
    return resultOf;
  }
}

/** `i64x2`. */
@final
// biome-ignore lint/complexity/noStaticOnlyClass: the core writes them so, as `v128.load`
export class Integers {
  static splat(value: i64): usize {
    store<i64>(integersOf, value);
    store<i64>(integersOf, value, 8);
    return integersOf;
  }

  /** In place of the left one. */
  static sub(left: usize, right: usize): usize {
    store<i64>(left, load<i64>(left) - load<i64>(right));
    store<i64>(left, load<i64>(left, 8) - load<i64>(right, 8), 8);
    return left;
  }

  static extract_lane(block: usize, lane: u32): i64 {
    return load<i64>(block + ((<usize>lane) << 3));
  }
}
