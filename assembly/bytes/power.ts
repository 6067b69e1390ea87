/**
 * Powers of ten as 128-bit significands, rounded up: what Schubfach multiplies by. 617 entries,
 * 10^-292 to 10^324, computed once on first use, so that the module does not carry 9.9 KB of table.
 * Powers are kept as binary fractions of 192 bits, truncated at each step: a test compares all
 * entries with exact ones.
 */
import { FRACTION } from "./fixed";

const K_MIN = -292;
const FRACTION_BYTES = 24;
const TABLE_BYTES = 9872;
/** 10^-292, where the table begins; 10^0 begins anew, since the powers behind it are exact. */
const START_HIGH: u64 = 0xff77b1fcbebcdc4f;
const START_MIDDLE: u64 = 0x25e8e89c13bb0f7a;
const START_LOW: u64 = 0xdf9b302944a88414;

/** Two u64 a power, high word first. */
const TABLE: usize = memory.data(9872, 16);

/** Address of the 128-bit significand of 10^k, high word first; -292 <= k <= 324. */
export function powerOfTen(k: i32): usize {
  if (!load<u64>(TABLE)) fillTable();
  return TABLE + ((<usize>(k - K_MIN)) << 4);
}

function fillTable(): void {
  store<u64>(FRACTION, START_LOW);
  store<u64>(FRACTION, START_MIDDLE, 8);
  store<u64>(FRACTION, START_HIGH, 16);
  for (let address = TABLE; address < TABLE + TABLE_BYTES; address += 16) {
    if (address == TABLE - (K_MIN << 4)) {
      memory.fill(FRACTION, 0, FRACTION_BYTES);
      store<u8>(FRACTION, 0x80, FRACTION_BYTES - 1);
    }
    const low = load<u64>(FRACTION, 8);
    const rounded = low + <u64>(load<u64>(FRACTION) != 0);
    store<u64>(address, load<u64>(FRACTION, 16) + <u64>(rounded < low));
    store<u64>(address, rounded, 8);
    multiplyBy5();
  }
}

/** Then shifts right, so that the top bit is set again. */
function multiplyBy5(): void {
  let carry: u64 = 0;
  for (let at = FRACTION; at < FRACTION + FRACTION_BYTES; at += 4) {
    carry += <u64>load<u32>(at) * 5;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
  const shift = 64 - clz(carry);
  for (let at = FRACTION + FRACTION_BYTES; at > FRACTION; ) {
    at -= 4;
    carry = (carry << 32) | load<u32>(at);
    store<u32>(at, <u32>(carry >> shift));
  }
}
