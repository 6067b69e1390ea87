/**
 * Powers of ten as 128-bit significands: what a double is multiplied by. 617 entries,
 * 10^-293 to 10^323, computed once on first use, so that the module carries no 9.9 KB of table.
 * An entry has five limbs of 32 bits, the lowest first; each is the one before times five, shifted
 * and truncated. The first is a little too large, by more than all truncations take away: so the
 * upper four limbs of every entry are right.
 */
const K_MIN = -293;
const ENTRY_BYTES = 20;
const TABLE_BYTES = 12340;
/** 10^-293, where the table begins. */
const START_HIGH: u64 = 0xcc5fc196fefd7d0c;
const START_MIDDLE: u64 = 0x1e53ed49a96272c8;
const START_LOW: u32 = 0xb3000000;

/** The last entry makes one more. */
const TABLE: usize = memory.data(12368, 16);

/** Address of 10^k: its significand's low word at 4, its high word at 12; -293 <= k <= 323. */
export function powerOfTen(k: i32): usize {
  if (!load<u32>(TABLE)) fillTable();
  return TABLE + <usize>(k - K_MIN) * ENTRY_BYTES;
}

function fillTable(): void {
  store<u32>(TABLE, START_LOW);
  store<u64>(TABLE, START_MIDDLE, 4);
  store<u64>(TABLE, START_HIGH, 12);
  let at = TABLE;
  do {
    const next = at + ENTRY_BYTES;
    let carry: u64 = 0;
    do {
      carry += <u64>load<u32>(at) * 5;
      store<u32>(at, <u32>carry, ENTRY_BYTES);
      carry >>= 32;
      at += 4;
    } while (at < next);
    store<u32>(at, <u32>carry, ENTRY_BYTES);
    // The top bit is set again.
    const shift = 64 - clz(carry);
    do {
      store<u32>(at, <u32>(load<u64>(at) >> shift));
      at += 4;
    } while (at < next + ENTRY_BYTES);
    at = next;
  } while (at < TABLE + TABLE_BYTES);
}
