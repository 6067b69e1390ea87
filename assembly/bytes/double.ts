/**
 * Doubles as JavaScript's `String(v)` prints them (ECMA-262, Number::toString): shortest digits
 * that read back as the same double, the closest of those. Integers and short decimals take a fast
 * path; the rest is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020).
 */

import { ascii } from "./ascii";
import { digitsOf8, putUnsigned } from "./integer";
import { powerOfTen } from "./power";
import { putByte, putText } from "./put";

const POWER_2_53: f64 = 9007199254740992;
const MANTISSA_MASK: u64 = 0x000fffffffffffff;
/** Behind whatever a double takes, and zeros. */
const DRAFT_OFFSET = 64;
const HIDDEN_BIT: u64 = 0x0010000000000000;

/** Writes `value`; at most 25 bytes, may touch 110 more. Non-finite as Prometheus has it. */
export function putDouble(at: usize, value: f64): usize {
  if (value - value != 0) {
    return putText(at, value != value ? ascii("NaN") : value < 0 ? ascii("-Inf") : ascii("+Inf"));
  }
  if (value < 0) {
    at = putByte(at, 0x2d);
    value = -value;
  }
  if (value < POWER_2_53 && trunc(value) == value) return putUnsigned(at, <u64>value);
  const millionths = nearest(value * 1e6);
  if (millionths < 1e15 && millionths / 1e6 == value) return putDecimal(at, <u64>millionths);
  return putShortest(at, value);
}

/**
 * Writes a count of millionths that has at most 15 digits: as many as every double tells apart, so
 * that no shorter decimal can read back as the same one.
 */
function putDecimal(at: usize, millionths: u64): usize {
  const whole = millionths / 1000000;
  at = putByte(putUnsigned(at, whole), 0x2e);
  const digits = digitsOf8(<u32>(millionths - whole * 1000000)) >> 16;
  store<u64>(at, digits | 0x3030303030303030);
  return at + 8 - <usize>(clz(digits) >> 3);
}

/** Schubfach: finds the shortest digits and their exponent, then lays them out. */
function putShortest(at: usize, value: f64): usize {
  const bits = reinterpret<u64>(value);
  const biased = <i32>(bits >> 52);
  const mantissa = bits & MANTISSA_MASK;
  const c = biased ? mantissa | HIDDEN_BIT : mantissa;
  const q = max(biased, 1) - 1075;
  const isIrregular = mantissa == 0 && biased > 1;
  const odd = c & 1;
  const k = isIrregular ? (q * 1262611 - 524031) >> 22 : (q * 1262611) >> 22;
  const h = q + ((-k * 1741647) >> 19) + 1;
  const power = powerOfTen(-k);
  const middle = multiplyRounded(power, (c << 2) << h);
  const lower = multiplyRounded(power, ((c << 2) - (isIrregular ? 1 : 2)) << h) + odd;
  const upper = multiplyRounded(power, ((c << 2) + 2) << h) - odd;
  const s = middle >> 2;
  const tens = s / 10;
  const isTensIn = lower <= tens * 40;
  const isNextTensIn = (tens + 1) * 40 <= upper;
  if (isTensIn != isNextTensIn) return layOut(at, tens + <u64>isNextTensIn, k + 1);
  const isIn = lower <= s << 2;
  const isNextIn = (s + 1) << 2 <= upper;
  const half = (s << 2) + 2;
  const isCloser = middle > half || (middle == half && (s & 1) != 0);
  return layOut(at, s + <u64>(isIn == isNextIn ? isCloser : isNextIn), k);
}

/** The upper 64 bits of a 128-bit by 64-bit product, its lowest bit sticky (round to odd). */
function multiplyRounded(power: usize, factor: u64): u64 {
  const high = load<u64>(power, 12);
  // Rounded up: the lowest bit of what is exact does not count.
  const carried = multiplyHigh(load<u64>(power, 4) + 1, factor);
  const low = high * factor + carried;
  const result = multiplyHigh(high, factor) + <u64>(low < carried);
  return result | <u64>(low > 1);
}

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
  const zeros = i8x16.splat(0x30);
  v128.store(at, zeros, DRAFT_OFFSET - 16);
  const draft = at + DRAFT_OFFSET;
  let end = putUnsigned(draft, digits);
  v128.store(end, zeros);
  v128.store(end, zeros, 16);
  const power = <i32>(end - draft) + exponent - 1;
  while (load<u8>(end - 1) == 0x30) end--;
  const isScientific = power > 20 || power < -6;
  const pointAt = isScientific ? 1 : power + 1;
  const start = draft + min(pointAt - 1, 0);
  const point = max(pointAt, 1);
  v128.store(at, v128.load(start));
  v128.store(at, v128.load(start, 16), 16);
  at += point;
  if (start + point < end) {
    v128.store(at, v128.load(start + point), 1);
    v128.store(at, v128.load(start + point, 16), 17);
    store<u8>(at, 0x2e);
    at += end - start - point + 1;
  }
  if (!isScientific) return at;
  store<u16>(at, power < 0 ? 0x2d65 : 0x2b65);
  return putUnsigned(at + 2, abs(power));
}
