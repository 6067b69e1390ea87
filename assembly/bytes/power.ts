/**
 * Powers of ten as 128-bit significands, rounded up: what Schubfach multiplies by. 617 entries, 10^-292 to
 * 10^324, computed once on first use from exact big integers, so that the module does not carry 9.9 KB of table.
 */
const K_MIN = -292;
const K_MAX = 324;
/** 27 limbs of 32 bits hold 5^324 (753 bits), and leave 128 bits of 2^863 / 5^292. */
const LIMBS = 27;

/** Two u64 a power, high word first. */
const TABLE: usize = memory.data(9872, 16);
const limbs: usize = memory.data(108, 16);
let ready: bool = false;

/** Address of the 128-bit significand of 10^k, high word first; -292 <= k <= 324. */
export function powerOfTen(k: i32): usize {
  if (!ready) fillTable();
  return TABLE + ((<usize>(k - K_MIN)) << 4);
}

function fillTable(): void {
  ready = true;
  memory.fill(limbs, 0, LIMBS << 2);
  store<u32>(limbs, 1);
  for (let k = 0; k <= K_MAX; k++) {
    storePower(k, false);
    multiplyBy5();
  }
  memory.fill(limbs, 0, LIMBS << 2);
  store<u32>(limbs + ((LIMBS - 1) << 2), 0x80000000);
  for (let k = -1; k >= K_MIN; k--) {
    divideBy5();
    storePower(k, true);
  }
}

/** Stores the top 128 bits, plus one if any lower bit is set or the number was truncated. */
function storePower(k: i32, truncated: bool): void {
  let top = LIMBS - 1;
  while (!limb(top)) top--;
  const shift = clz(limb(top));
  const high = (window(top, shift) << 32) | window(top - 1, shift);
  const low = (window(top - 2, shift) << 32) | window(top - 3, shift);
  let inexact = truncated || <u32>((<u64>limb(top - 4)) << shift) != 0;
  for (let i = top - 5; i >= 0; i--) inexact = inexact || limb(i) != 0;
  const address = TABLE + ((<usize>(k - K_MIN)) << 4);
  const roundedLow = low + <u64>inexact;
  store<u64>(address, high + <u64>(roundedLow < low));
  store<u64>(address, roundedLow, 8);
}

/** 32 bits of the number from limb `i` on, `shift` bits further down. */
function window(i: i32, shift: u32): u64 {
  return <u32>(((((<u64>limb(i)) << 32) | limb(i - 1)) << shift) >> 32);
}

function limb(i: i32): u32 {
  return i < 0 ? 0 : load<u32>(limbs + ((<usize>i) << 2));
}

function multiplyBy5(): void {
  let carry: u64 = 0;
  for (let at = limbs; at < limbs + (LIMBS << 2); at += 4) {
    carry += <u64>load<u32>(at) * 5;
    store<u32>(at, <u32>carry);
    carry >>= 32;
  }
}

/** Truncates; dividing a floor again gives the floor of the whole quotient. */
function divideBy5(): void {
  let rest: u64 = 0;
  for (let i = LIMBS - 1; i >= 0; i--) {
    const part = (rest << 32) | limb(i);
    store<u32>(limbs + ((<usize>i) << 2), <u32>(part / 5));
    rest = part % 5;
  }
}
