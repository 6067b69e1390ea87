/**
 * Doubles as JavaScript's `String(v)` prints them (ECMA-262, Number::toString): shortest digits
 * that read back as the same double, the closest of those. Integers and short decimals take a fast
 * path; the rest is the idea of Schubfach (Raffaello Giulietti, "The Schubfach way to render
 * doubles", 2020) with one product instead of three, as in xjb (Xiang JunBo, 2025).
 */

import { ascii } from "./ascii";
import { DRAFT } from "./fixed";
import { ASCII_ZEROS, digitsOf8, putSigned, putUnsigned } from "./integer";
import { powerOfTen } from "./power";
import { putByte, putBytes, putText } from "./put";

/** Below, a double tells all decimals of six places apart: no shorter one reads back as it. */
const POWER_2_33: f64 = 8589934592;
const POWER_2_53: f64 = 9007199254740992;
const HIDDEN_BIT: u64 = 0x0010000000000000;
/** 2^64 / 20, rounded up. */
const TWENTIETH: u64 = 0x0ccccccccccccccd;

/** Writes `value`; at most 25 bytes, may touch 31 more. Non-finite as Prometheus has it. */
export function putDouble(at: usize, value: f64): usize {
  if (value - value != 0) {
    return putText(at, value != value ? ascii("NaN") : value < 0 ? ascii("-Inf") : ascii("+Inf"));
  }
  if (value < 0) at = putByte(at, 0x2d);
  value = abs(value);
  if (value < POWER_2_53 && trunc(value) == value) return putUnsigned(at, <u64>value);
  const millionths = nearest(value * 1e6);
  if (value < POWER_2_33 && millionths / 1e6 == value) return putDecimal(at, <u64>millionths);
  return putShortest(at, value);
}

/** Writes a count of millionths that is not whole. */
function putDecimal(at: usize, millionths: u64): usize {
  const whole = millionths / 1000000;
  at = putByte(putUnsigned(at, whole), 0x2e);
  const digits = digitsOf8(<u32>(millionths - whole * 1000000)) >> 16;
  store<u64>(at, digits | ASCII_ZEROS);
  return at + 8 - <usize>(clz(digits) >> 3);
}

/**
 * Finds the shortest digits and their exponent, then lays them out. Doubles are apart by at least
 * 10^k and less than 10^(k+1): what lies in the interval around `value` is a multiple of the
 * latter, or else the closest multiple of the former.
 */
function putShortest(at: usize, value: f64): usize {
  const bits = reinterpret<u64>(value);
  // Subnormal numbers have the exponent of the first normal ones, and no hidden bit.
  const biased = max(<i32>(bits >> 52), 1);
  const c = bits - ((<u64>(biased - 1)) << 52);
  const q = biased - 1075;
  // Below a power of two the next double is half as far.
  const isIrregular = c == HIDDEN_BIT;
  // The logarithms of 2, of 4/3 and of 10, exact for all exponents there are.
  const k = (q * 315653 - (isIrregular ? 131072 : 0)) >> 20;
  const h = q + ((~k * 108853) >> 15) + 11;
  const power = powerOfTen(~k);
  const high = load<u64>(power, 12);
  const factor = c << h;
  const carried = multiplyHigh(load<u64>(power, 4), factor);
  const low = high * factor + carried;
  // c × 2^q / 10^(k+1), 54 bits before the point; the fraction is a unit too small at most.
  const whole = multiplyHigh(high, factor) + <u64>(low < carried);
  const fraction = (whole << 54) | (low >> 10);
  // Half of the way to the next double. The interval is closed if `c` is even: no double comes so
  // close to its ends without being there that these units matter.
  const upper = (high >> (11 - h)) + 2 - ((c & 1) << 2);
  const lower = upper >> <u64>isIrregular;
  let digits = (whole >> 10) * 10;
  if (fraction >= lower) {
    // Rounds; ties, which are at 1/4 and 3/4, to even. Only half as far down from a power of two.
    // `(fraction - 1) >> 62` is right for all doubles that are close to a tie.
    const below = fraction + ((fraction - 1) >> 62) - min(lower, TWENTIETH);
    digits += ~fraction < upper ? 10 : multiplyHigh(below, 10) + 1;
  }
  return layOut(at, digits, k);
}

/** The upper 64 bits of a product. */
function multiplyHigh(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const cross = aHigh * bLow + ((aLow * bLow) >> 32);
  const other = aLow * bHigh + (cross & 0xffffffff);
  return aHigh * bHigh + (cross >> 32) + (other >> 32);
}

/**
 * Writes `digits` × 10^`exponent` in the layout that ECMA-262 prescribes. Digits are at most 17;
 * between zeros on both sides, they need but be cut.
 */
function layOut(at: usize, digits: u64, exponent: i32): usize {
  store<u64>(DRAFT - 8, ASCII_ZEROS);
  let end = putUnsigned(DRAFT, digits);
  store<u64>(end, ASCII_ZEROS);
  let point = end + exponent;
  const power = <i32>(point - DRAFT) - 1;
  const isScientific = <u32>(power + 6) > 26;
  if (isScientific) point = DRAFT + 1;
  while (load<u8>(end - 1) == 0x30) end--;
  const start = min(DRAFT, point - 1);
  at = putBytes(at, start, point - start);
  if (point < end) at = putBytes(putByte(at, 0x2e), point, end - point);
  if (!isScientific) return at;
  at = putByte(at, 0x65);
  if (power > 0) at = putByte(at, 0x2b);
  return putSigned(at, power);
}
