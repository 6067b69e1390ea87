/** Punycode (RFC 3492), as Rust uses it for identifiers that are not ASCII. */
import { NotMangled } from "./itanium/output.js";

const BASE = 36;
const THRESHOLD_MIN = 1;
const THRESHOLD_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
const FIRST_POINT = 128;
/** No identifier is longer; inserting takes time that grows with the square. */
const CHARACTERS_MAX = 512;
const DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Decodes ASCII with a `-` before the encoded part; throws `NotMangled` where it is none. */
export function decodePunycode(text: string): string {
  if (text.length > CHARACTERS_MAX) throw new NotMangled("punycode");
  const dash = text.lastIndexOf("-");
  const points = Array.from(text.slice(0, Math.max(0, dash)), (letter) => letter.charCodeAt(0));
  let at = dash + 1;
  let point = FIRST_POINT;
  let index = 0;
  let bias = FIRST_BIAS;
  while (at < text.length) {
    const before = index;
    let weight = 1;
    for (let place = BASE; ; place += BASE) {
      const digit = DIGITS.indexOf(text.charAt(at++) || " ");
      if (digit < 0) throw new NotMangled("punycode");
      index += digit * weight;
      const threshold = Math.min(THRESHOLD_MAX, Math.max(THRESHOLD_MIN, place - bias));
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const count = points.length + 1;
    bias = adapt(index - before, count, before === 0);
    point += Math.floor(index / count);
    if (point > 0x10_ffff) throw new NotMangled("punycode");
    points.splice(index % count, 0, point);
    index = (index % count) + 1;
  }
  return String.fromCodePoint(...points);
}

function adapt(step: number, count: number, isFirst: boolean): number {
  let delta = Math.floor(step / (isFirst ? DAMP : 2));
  delta += Math.floor(delta / count);
  let bias = 0;
  for (; delta > ((BASE - THRESHOLD_MIN) * THRESHOLD_MAX) / 2; bias += BASE) {
    delta = Math.floor(delta / (BASE - THRESHOLD_MIN));
  }
  return bias + Math.floor(((BASE - THRESHOLD_MIN + 1) * delta) / (delta + SKEW));
}
