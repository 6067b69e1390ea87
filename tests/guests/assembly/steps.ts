/**
 * Allocates when it is told to: a round of blocks for each `w` on standard input, of which the last
 * few stay until a later round takes their places. Every byte is answered by itself, when all is
 * done; a byte alone allocates nothing.
 */
import { fd_read, fd_write } from "../../../examples/census/wasi_snapshot_preview1";

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const WORK: u32 = 0x77;
const ROUND: u32 = 200;
const KEPT_MASK: u32 = 63;

const BYTE = memory.data(1);
const IOV = memory.data(8);
const COUNT = memory.data(4);

class Item {
  constructor(
    public index: u32,
    public buffer: ArrayBuffer,
  ) {}
}

const kept = new StaticArray<Item | null>(KEPT_MASK + 1);
let made: u32 = 0;

while (read()) {
  if (load<u8>(BYTE) === WORK) work();
  answer();
}

function work(): void {
  for (let i: u32 = 0; i < ROUND; i++) {
    kept[made & KEPT_MASK] = makeItem(made);
    made++;
  }
  __collect();
}

function makeItem(i: u32): Item {
  return new Item(i, new ArrayBuffer(16 + (i & 127))); // site: buffer
}

function read(): bool {
  return !fd_read(STDIN, vector(), 1, COUNT) && load<u32>(COUNT) > 0;
}

function answer(): void {
  fd_write(STDOUT, vector(), 1, COUNT);
}

function vector(): usize {
  store<u32>(IOV, <u32>BYTE);
  store<u32>(IOV, 1, 4);
  return IOV;
}
