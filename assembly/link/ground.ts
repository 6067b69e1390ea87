/**
 * Where the monitor lies in an image: behind the guest, in the guest's own memory. The linker adds
 * `base` to every address that this code uses, so that what is compiled for address 0 lies anywhere
 * and moves up when the guest grows into it. An address of the guest is `fromGuest` of it here, one
 * of ours `absolute` of it in a call of WASI.
 */

/** Where the monitor's address 0 is; the linker sets the first. */
export let base: usize = 0;
/** Pages of the guest, as its own `memory.size` tells; the linker sets the first. */
export let guestPages: u32 = 0;
/** Most pages that the guest declares. */
export let guestPagesMax: u32 = 65536;
/** Times that the guest has grown. */
export let growths: u32 = 0;

/** Least room that a move leaves to the guest; pages that nobody touches cost nothing. */
const ROOM_PAGES_MIN: u32 = 64;

/** Keeps the guest to so many pages. */
export function limitGuest(pages: u32): void {
  guestPagesMax = pages;
}

/** Where a runtime finds what is at `address` here. */
export function absolute(address: usize): usize {
  return base + address;
}

/** Where this code finds what is at `address` of the guest. */
export function fromGuest(address: usize): usize {
  return address - base;
}

/** Whether a span lies in the guest's memory, and is at most `bytesMax` long. */
export function isOfGuest(address: usize, byteCount: u32, bytesMax: u32): bool {
  return (byteCount <= bytesMax) & (<u64>address + byteCount <= (<u64>guestPages) << 16);
}

/** The guest's `memory.grow`: its pages before, or -1; what it gains is zero. */
export function growGuest(pages: u32): i32 {
  const before = guestPages;
  const after = <u64>before + pages;
  if (after > guestPagesMax) return -1;
  const room = <u32>(base >>> 16);
  if (after > room && !moveUp(<u32>after - room)) return -1;
  guestPages = <u32>after;
  if (pages) growths++;
  return before;
}

/** Moves the monitor by at least so many pages, further if it may, so that it moves rarely. */
function moveUp(pagesMin: u32): bool {
  const byteCount = (<usize>memory.size()) << 16;
  let pages = pagesMin + max(ROOM_PAGES_MIN, guestPages >>> 1);
  if (memory.grow(pages) < 0) {
    pages = pagesMin;
    if (memory.grow(pages) < 0) return false;
  }
  const distance = (<usize>pages) << 16;
  memory.copy(distance, 0, byteCount);
  base += distance;
  memory.fill(0 - distance, 0, min(distance, byteCount));
  return true;
}
