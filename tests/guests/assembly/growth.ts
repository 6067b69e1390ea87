/**
 * Arrays that grow by `push`, for the runtimes that enlarge a block without `__new`. Every time that
 * an array's capacity rises the old block is given back and one of the whole capacity taken, in the
 * books as in a trace; where the incremental runtime finds room in the block, nothing is taken. All
 * arrays are garbage in the end, and collected unless the runtime is the stub.
 */
import { drop, enter, keep, print } from "./books";

/** As `shared/runtime` numbers it. */
const RUNTIME_STUB: i32 = 0;
const RUNTIME_INCREMENTAL: i32 = 2;

const ROUNDS: i32 = 500;
const RT_SIZE: usize = 4;

run();
__collect();
print();

function run(): void {
  for (let i = 0; i < ROUNDS; i++) grow(1 + ((i * 37) % 200));
}

function grow(count: i32): void {
  const array: i32[] = [];
  account(offsetof<Array<i32>>());
  let elements = array.dataStart;
  let byteCount: usize = 0;
  for (let i = 0; i < count; i++) {
    array.push(i); // site: push
    const grown = load<u32>(array.dataStart - RT_SIZE);
    const isMoved = array.dataStart !== elements;
    elements = array.dataStart;
    if (isMoved || (ASC_RUNTIME !== RUNTIME_INCREMENTAL && grown !== <u32>byteCount)) {
      if (ASC_RUNTIME === RUNTIME_STUB && byteCount > 0) drop(byteCount);
      account(grown);
    }
    byteCount = grown;
  }
}

function account(byteCount: usize): void {
  if (ASC_RUNTIME === RUNTIME_STUB) keep(byteCount);
  else enter(byteCount);
}
