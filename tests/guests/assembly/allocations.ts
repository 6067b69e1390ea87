/**
 * Allocates in the ways that AssemblyScript has, deterministically, and keeps exact books: objects,
 * buffers, static arrays, strings, arrays that grow. Incremental runtime: collected at the end;
 * with the stub runtime everything stays live, and arrays are made as long as they will be.
 */
import { enter, keep, print } from "./books";

/** As `shared/runtime` numbers them. */
const RUNTIME_STUB: i32 = 0;
const RUNTIME_INCREMENTAL: i32 = 2;

const ROUNDS: i32 = 2000;
const KEPT_EVERY: i32 = 16;
const RT_SIZE: usize = 4;

class Point {
  constructor(
    public x: f64,
    public y: f64,
    public next: Point | null,
  ) {}
}

class Named {
  constructor(
    public name: string,
    public codes: StaticArray<u16>,
  ) {}
}

let random: u32 = 12345;

let points: Point | null = null;
const named = new StaticArray<Named | null>(ROUNDS / KEPT_EVERY);
keep((ROUNDS / KEPT_EVERY) * sizeof<usize>());

run();
__collect();
print();

function run(): void {
  for (let i = 0; i < ROUNDS; i++) {
    const isKept = i % KEPT_EVERY === 0;
    makePoint(i, isKept);
    makeBuffer(1 + (draw() % 300));
    if (isKept) named[i / KEPT_EVERY] = makeNamed(i, true);
    else makeNamed(i, false);
    if (ASC_RUNTIME === RUNTIME_INCREMENTAL) growArray(1 + <i32>(draw() % 100));
  }
}

function makePoint(i: i32, isKept: bool): void {
  const point = new Point(<f64>i, <f64>-i, isKept ? points : null); // site: point
  account(offsetof<Point>(), isKept);
  if (isKept) points = point;
}

function makeBuffer(byteCount: u32): void {
  const buffer = new ArrayBuffer(<i32>byteCount); // site: buffer
  account(byteCount, false);
  store<u8>(changetype<usize>(buffer), 1);
}

function makeNamed(i: i32, isKept: bool): Named {
  const codes = new StaticArray<u16>(1 + <i32>(draw() % 20)); // site: codes
  account((<usize>codes.length) << 1, isKept);
  const name = nameOf(i, isKept);
  account(offsetof<Named>(), isKept);
  return new Named(name, codes);
}

/** A number's text and a concatenation: two blocks, of which the first is garbage at once. */
function nameOf(i: i32, isKept: bool): string {
  const digits = (100000 + i).toString(); // site: digits
  account(12, false);
  account(12 + 8, isKept);
  return "name" + digits;
}

/** `push` makes a block whenever the elements move: its header tells the bytes asked for. */
function growArray(count: i32): void {
  const array: i32[] = [];
  account(offsetof<Array<i32>>(), false);
  let elements = array.dataStart;
  for (let i = 0; i < count; i++) {
    array.push(i); // site: push
    if (array.dataStart === elements) continue;
    elements = array.dataStart;
    account(load<u32>(elements - RT_SIZE), false);
  }
}

function account(byteCount: usize, isKept: bool): void {
  if (isKept || ASC_RUNTIME === RUNTIME_STUB) keep(byteCount);
  else enter(byteCount);
}

/** Marsaglia's xorshift of 32 bits. */
function draw(): u32 {
  random ^= random << 13;
  random ^= random >> 17;
  random ^= random << 5;
  return random;
}
