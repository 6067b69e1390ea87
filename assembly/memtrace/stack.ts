/**
 * The last backtrace, and how much of it the next one shares. Stacks arrive innermost first, as
 * engines and shadow stacks give them; kept and written is caller first, as the format has it.
 */
import { TraceCounter } from "./abi";
import { BACKTRACE, count, INPUT } from "./layout";

let depth: usize = 0;

/** Forgets the last backtrace. */
export function clearStack(): void {
  depth = 0;
}

/** The address behind the last backtrace's innermost frame. */
export function stackEnd(): usize {
  return BACKTRACE + (depth << 3);
}

/** Takes a stack of u32 codes from INPUT; returns the address of its first frame that is new. */
export function takePositions(frames: usize): usize {
  const least = BACKTRACE + (min(frames, depth) << 3);
  let frame = BACKTRACE;
  let input = INPUT + (frames << 2) - 4;
  while (frame < least && <u64>load<u32>(input) == load<u64>(frame)) {
    frame += 8;
    input -= 4;
  }
  const first = frame;
  for (; input >= INPUT; input -= 4, frame += 8) store<u64>(frame, valid(load<u32>(input)));
  depth = frames;
  return first;
}

/** Takes a stack of u64 codes from INPUT; returns the address of its first frame that is new. */
export function takeCodes(frames: usize): usize {
  const least = BACKTRACE + (min(frames, depth) << 3);
  let frame = BACKTRACE;
  let input = INPUT + (frames << 3) - 8;
  while (frame < least && load<u64>(input) == load<u64>(frame)) {
    frame += 8;
    input -= 8;
  }
  const first = frame;
  for (; input >= INPUT; input -= 8, frame += 8) store<u64>(frame, valid(load<u64>(input)));
  depth = frames;
  return first;
}

/**
 * Readers take code 0 for an empty bucket. 1 is in the magic number of a module, where no call is.
 */
function valid(code: u64): u64 {
  if (code != 0) return code;
  count(TraceCounter.ZeroCodes);
  return 1;
}
