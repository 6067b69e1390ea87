/**
 * The environment that the runtime hands over, kept whole: the monitor's variables are `WMON_…`,
 * and the guest sees them as it sees all others.
 */
import { allocate, reserve } from "../bytes/arena";
import { compareBytes, textBytes, textStart } from "../bytes/text";
import { absolute, fromGuest } from "./ground";
import { environ_get, environ_sizes_get } from "./wasi_snapshot_preview1";

/** More would not be an environment. */
const BYTES_MAX: u32 = 16777216;
/** The output that the core promises to have room for at first, and some. */
const OUTPUT_BYTES: u64 = 300000;

const sizes: usize = memory.data(8, 8);
let pointers: usize = 0;
let count: u32 = 0;

/** Where the value found last begins, and its end. */
export let valueStart: usize = 0;
export let valueEnd: usize = 0;

/** Reads the environment; without one there are no variables. */
export function openEnvironment(): void {
  if (environ_sizes_get(absolute(sizes), absolute(sizes + 4))) return;
  const found = load<u32>(sizes);
  const byteCount = load<u32>(sizes, 4);
  if ((found > BYTES_MAX) | (byteCount > BYTES_MAX)) return;
  if (!reserve(((<u64>found) << 2) + byteCount + 64, OUTPUT_BYTES)) return;
  pointers = allocate(found << 2);
  const bytes = allocate(byteCount + 1);
  if (environ_get(absolute(pointers), absolute(bytes))) return;
  count = found;
}

/** Finds a variable with a value that is not empty; its value is from `valueStart` on. */
export function findVariable(name: usize): bool {
  const nameBytes = textBytes(name);
  for (let i: u32 = 0; i < count; i++) {
    // What the runtime wrote are addresses of the whole memory.
    const start = fromGuest(load<u32>(pointers + (i << 2)));
    if (compareBytes(start, nameBytes, textStart(name), nameBytes)) continue;
    if (load<u8>(start + nameBytes) != 0x3d) continue;
    valueStart = start + nameBytes + 1;
    valueEnd = valueStart;
    while (load<u8>(valueEnd)) valueEnd++;
    return valueEnd > valueStart;
  }
  return false;
}

/** Milliseconds of `500ms`, `2s`, `1.5m`, `1h` or a number of seconds; 0 if it is none. */
export function parseDurationMs(start: usize, end: usize): f64 {
  let unitMs: f64 = 1000;
  const last: u32 = load<u8>(end - 1);
  if (last == 0x73 && end - start > 1 && load<u8>(end - 2) == 0x6d) {
    unitMs = 1;
    end -= 2;
  } else if ((last == 0x73) | (last == 0x6d) | (last == 0x68)) {
    unitMs = last == 0x73 ? 1000 : last == 0x6d ? 60000 : 3600000;
    end--;
  }
  let value: f64 = 0;
  let scale: f64 = 0;
  let digits = 0;
  for (; start < end; start++) {
    const byte: u32 = load<u8>(start);
    if ((byte == 0x2e) & (scale == 0)) scale = 1;
    else if (byte - 0x30 > 9) return 0;
    else {
      value = value * 10 + <f64>(byte - 0x30);
      scale *= 10;
      digits++;
    }
  }
  return digits ? (value / max(scale, 1)) * unitMs : 0;
}

/** A number such as `0.01`, `1` or `1e-4`; NaN if it is none. */
export function parseDouble(start: usize, end: usize): f64 {
  let at = start;
  while (at < end && (load<u8>(at) | 0x20) != 0x65) at++;
  // A unit would make it a time.
  if (at == start || <u32>load<u8>(at - 1) - 0x30 > 9) return NaN;
  const value = parseDurationMs(start, at) / 1000;
  if (at == end) return value;
  at++;
  const isNegative = at < end && load<u8>(at) == 0x2d;
  if (isNegative) at++;
  let exponent: u32 = 0;
  for (let first = at; at < end || at == first; at++) {
    const digit: u32 = at < end ? load<u8>(at) - 0x30 : 10;
    if ((digit > 9) | (exponent > 99)) return NaN;
    exponent = exponent * 10 + digit;
  }
  let power: f64 = 1;
  while (exponent--) power *= 10;
  return isNegative ? value / power : value * power;
}
