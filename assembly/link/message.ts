/**
 * Messages from guests (assembly/README.md, *Messages*), taken into the core's input as far as the
 * core does not check them: their texts must be UTF-8.
 */
import { INPUT_BYTES_MAX, Status, TAG_VALUE_BYTES_MAX } from "../abi";
import { INPUT } from "../bytes/input";
import { fromGuest, isOfGuest } from "./ground";
import { isUtf8, putClean } from "./utf8";

let at: usize = 0;
let until: usize = 0;
let isBroken: bool = false;

/** Takes a definition; false if it is not all there, does not decode or is not UTF-8. */
export function takeDefinition(address: usize, byteCount: u32): bool {
  if (!isOfGuest(address, byteCount, INPUT_BYTES_MAX)) return false;
  memory.copy(INPUT, fromGuest(address), byteCount);
  at = INPUT;
  until = INPUT + byteCount;
  isBroken = false;
  skip(1); // flags
  checkTexts(3); // name, prefix, help
  skip(8); // ttlMs
  checkTexts(readU8()); // tag keys
  for (let left = readU8(); left; left--) {
    skip(1); // type
    checkTexts(3); // key, help, unit
    skip(readU16() << 3); // parameters
  }
  return !isBroken;
}

/**
 * Takes tag values, lossily; the bytes of the message, or a negative `Status`. What does not
 * decode, and a value of more than 1,024 bytes, is taken as it is: the core refuses it.
 */
export function takeValues(address: usize, byteCount: u32): i32 {
  if (!isOfGuest(address, byteCount, INPUT_BYTES_MAX)) return Status.Malformed;
  const start = fromGuest(address);
  const target = cleanValues(start, start + byteCount);
  if (target) return <i32>(target - INPUT);
  memory.copy(INPUT, start, byteCount);
  return byteCount;
}

/** The end of what was taken, or 0. */
function cleanValues(start: usize, end: usize): usize {
  let target = INPUT;
  while (start != end) {
    if (<u32>(end - start) < 2) return 0;
    const byteCount = load<u16>(start);
    start += 2;
    if (<u32>byteCount > <u32>(end - start) || <u32>byteCount > <u32>TAG_VALUE_BYTES_MAX) return 0;
    const limit = INPUT + INPUT_BYTES_MAX;
    if (target + 2 + 3 * <usize>byteCount > limit) return 0;
    const value = target + 2;
    const behind = putClean(value, limit, start, start + byteCount);
    store<u16>(target, <u16>(behind - value));
    target = behind;
    start += byteCount;
  }
  return target;
}

/** Takes a text, lossily, cut at the input's end; its bytes, or a negative `Status`. */
export function takeText(address: usize, byteCount: u32): i32 {
  if (!isOfGuest(address, byteCount, INPUT_BYTES_MAX)) return Status.Malformed;
  const start = fromGuest(address);
  return <i32>(putClean(INPUT, INPUT + INPUT_BYTES_MAX, start, start + byteCount) - INPUT);
}

/** Takes a name; false if it is not all there or not UTF-8. */
export function takeName(address: usize, byteCount: u32): bool {
  if (!isOfGuest(address, byteCount, INPUT_BYTES_MAX)) return false;
  memory.copy(INPUT, fromGuest(address), byteCount);
  return isUtf8(INPUT, INPUT + byteCount);
}

function checkTexts(count: u32): void {
  for (; count; count--) {
    const byteCount = readU16();
    const start = at;
    skip(byteCount);
    if (!isBroken && !isUtf8(start, at)) isBroken = true;
  }
}

function readU8(): u32 {
  skip(1);
  return isBroken ? 0 : load<u8>(at - 1);
}

function readU16(): u32 {
  skip(2);
  return isBroken ? 0 : load<u16>(at - 2);
}

function skip(byteCount: u32): void {
  if (byteCount > <u32>(until - at)) isBroken = true;
  else at += byteCount;
}
