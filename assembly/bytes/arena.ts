/**
 * The arena: everything that is registered lives here, for ever, in the order it came. The output
 * buffer is whatever lies behind its end, so it needs no record of its own and moves when the arena
 * grows. Memory grows only in `reserve`, which every registration calls before it changes anything.
 */
const PAGE_BYTES: u64 = 65536;
/** Addresses stay positive as i32, so that a negative result can be a status. */
const MEMORY_BYTES_MAX: u64 = 0x7fff0000;
/** Room behind the output for stores that overshoot. */
const SLACK_BYTES: u64 = 256;

export let arenaEnd: usize = (__heap_base + 15) & ~15;

/** Where the next allocation will be; also the start of the output buffer. */
export function arenaMark(): usize {
  return arenaEnd;
}

/** Gives back everything allocated since `mark`; or takes, unaligned, what lies before it. */
export function arenaRelease(mark: usize): void {
  arenaEnd = mark;
}

/** Takes `byteCount` bytes, 8-byte aligned, not zeroed. The caller has reserved them. */
export function allocate(byteCount: usize): usize {
  const address = (arenaEnd + 7) & ~7;
  arenaEnd = address + byteCount;
  return address;
}

/** Takes `byteCount` zeroed bytes. */
export function allocateZeroed(byteCount: usize): usize {
  const address = allocate(byteCount);
  memory.fill(address, 0, byteCount);
  return address;
}

/**
 * Makes sure that `arenaBytes` more can be allocated with an output of `outputBytes` behind them.
 * Grows memory by at least an eighth, so that many registrations cost few growths. False when the
 * engine refuses; nothing changed then.
 */
export function reserve(arenaBytes: u64, outputBytes: u64): bool {
  const needed = <u64>arenaEnd + arenaBytes + outputBytes + SLACK_BYTES;
  const pages = <u64>memory.size();
  if (needed <= pages * PAGE_BYTES) return true;
  if (needed > MEMORY_BYTES_MAX) return false;
  const least = <i32>((needed + PAGE_BYTES - 1) / PAGE_BYTES - pages);
  return memory.grow(max(least, <i32>(pages >> 3))) >= 0 || memory.grow(least) >= 0;
}
