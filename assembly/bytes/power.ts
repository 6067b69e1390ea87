/**
 * Powers of ten as 128-bit significands: what Schubfach multiplies by. 617 entries, 10^-292 to
 * 10^324, computed once on first use, so that the module does not carry 9.9 KB of table. An entry
 * has five limbs of 32 bits, the lowest first; each is the one before times five, shifted and
 * truncated. The first is a little too large, by more than all truncations take away: so the upper
 * four limbs of every entry are right.
 */
const K_MIN = -292;
const ENTRY_BYTES = 20;
const TABLE_BYTES = 12340;
/** 10^-292, where the table begins. */
const START_HIGH: u64 = 0xff77b1fcbebcdc4f;
const START_MIDDLE: u64 = 0x25e8e89c13bb0f7a;
const START_LOW: u32 = 0xdf9b5000;

/** The last entry makes one more. */
const TABLE: usize = memory.data(12368, 16);

/** Address of 10^k: its significand's low word at 4, its high word at 12; -292 <= k <= 324. */
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
    for (; at < next; at += 4) {
      carry += <u64>load<u32>(at) * 5;
      store<u32>(at, <u32>carry, ENTRY_BYTES);
      carry >>= 32;
    }
    // The top bit is set again.
    const shift = 64 - clz(carry);
    for (at += ENTRY_BYTES; at > next; ) {
      at -= 4;
      carry = (carry << 32) | load<u32>(at);
      store<u32>(at, <u32>(carry >> shift));
    }
  } while (at < TABLE + TABLE_BYTES);
}
