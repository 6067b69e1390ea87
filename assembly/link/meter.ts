/**
 * Counts and times WASI calls by name, counts bytes read and written, and watches the guest's
 * memory grow. The linker puts `beginCall` and `endCall` around each call.
 */
import { elapsedNs } from "./clock";
import { isKept } from "./file";
import { fromGuest, growths, guestPages, guestPagesMax, isOfGuest } from "./ground";
import { add, cellOf, cellOfCall, memorySource, record, transferSource } from "./setup";

const CALLS: u32 = 0;
const ERRORS: u32 = 1;
const DURATION: u32 = 2;

let startedNs: u64 = 0;

/** Counts a call before it runs, to see one that never ends; true if the guest must not make it. */
export function startCall(call: u32, fd: u32, now: u64): bool {
  add(cellOfCall(call, CALLS), 1);
  startedNs = now;
  if (!isKept(fd)) return false;
  add(cellOfCall(call, ERRORS), 1);
  return true;
}

/**
 * Counts what a call came to: `moved` is 0, or 1 for bytes read and 2 for bytes written, whose
 * count is at `countAt` in the guest's memory. Returns the time.
 */
export function stopCall(call: u32, errno: u32, moved: u32, countAt: usize): u64 {
  const now = elapsedNs();
  add(cellOfCall(call, DURATION), <f64>(now - startedNs) / 1e9);
  if (errno) add(cellOfCall(call, ERRORS), 1);
  else if (moved && isOfGuest(countAt, 4, 4)) {
    add(cellOf(transferSource, moved - 1), <f64>load<u32>(fromGuest(countAt)));
  }
  return now;
}

/** Records the guest's memory, whether its source is active or not. It never shrinks. */
export function observeMemory(): void {
  const byteCount = <f64>((<u64>guestPages) << 16);
  record(cellOf(memorySource, 0), byteCount);
  record(cellOf(memorySource, 1), growths);
  record(cellOf(memorySource, 2), byteCount);
  record(cellOf(memorySource, 3), <f64>((<u64>guestPagesMax) << 16));
}
