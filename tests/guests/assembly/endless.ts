/**
 * Allocates objects and buffers for ever, keeps the last 64 of each, and never calls WASI.
 */
const KEPT_MASK: u32 = 63;

class Item {
  constructor(
    public index: u32,
    public buffer: ArrayBuffer,
  ) {}
}

const kept = new StaticArray<Item | null>(KEPT_MASK + 1);

for (let i: u32 = 0; ; i++) kept[i & KEPT_MASK] = makeItem(i);

function makeItem(i: u32): Item {
  return new Item(i, new ArrayBuffer(16 + (i & 127)));
}
