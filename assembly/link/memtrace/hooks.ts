/**
 * The globals of the guest's hooks (host/instrument/runtime.ts): in an image these are the guest's
 * own, which the linker puts in the place of the ones declared here.
 */

/** Words to the next call of `allocated`; at or below zero, every allocation calls. */
export let countdown: i32 = 0;
/** Where the guest has its probe table, 0 while frees are not asked for. */
export let probe: usize = 0;
/** The guest's block: the probe table, and the shadow stack behind it; 0 before there is one. */
export let block: usize = 0;
/** Bytes by which the shadow stack is filled; those above its room count too. */
export let depth: u32 = 0;

/** The countdown while nothing is recorded. */
export const COUNTDOWN_OFF: i32 = 1 << 30;
/** Told as the address of a block whose free will not be seen. */
export const UNKNOWN_ADDRESS: u32 = 0xffffffff;
export const PROBE_BYTES: usize = 65536;
export const SHADOW_BYTES: u32 = 65536;

/**
 * Exported, and called by nobody: a variable that is never assigned would be a constant, which the
 * linker cannot replace.
 */
export function assign(blockAt: usize, depthBytes: u32): void {
  block = blockAt;
  depth = depthBytes;
}

/** Has the next call come when so many words are allocated. */
export function countDown(words: i32): void {
  countdown = words;
}

/** Asks for frees from the table at `address` of the guest, or at 0 for none. */
export function probeAt(address: usize): void {
  probe = address;
}
