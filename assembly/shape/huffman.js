/**
 * Lengths of Huffman codes as zlib's `trees.c` assigns them: the shortest code, words of at most so
 * many bits, and among equals the flattest tree.
 */

/** Twice the largest alphabet, and room. */
const NODE_COUNT = 600;

const counts = new Int32Array(NODE_COUNT);
const parents = new Int32Array(NODE_COUNT);
const depths = new Uint8Array(NODE_COUNT);
const bitsOf = new Uint8Array(NODE_COUNT);
const heap = new Int32Array(NODE_COUNT);
const order = new Int32Array(NODE_COUNT);
const codesByBits = new Int32Array(16);
let heapCount = 0;

function isLess(left, right) {
  if (counts[left] !== counts[right]) return counts[left] < counts[right];
  return depths[left] <= depths[right];
}

function siftDown(from) {
  const node = heap[from];
  let parent = from;
  for (let child = parent * 2; child <= heapCount; child = parent * 2) {
    if (child < heapCount && isLess(heap[child + 1], heap[child])) child++;
    if (isLess(node, heap[child])) break;
    heap[parent] = heap[child];
    parent = child;
  }
  heap[parent] = node;
}

/** Fills the heap with the symbols that occur, two at least; the highest of them. */
function openHeap(symbols, lengthsOut) {
  heapCount = 0;
  let highest = -1;
  for (let symbol = 0; symbol < symbols.length; symbol++) {
    lengthsOut[symbol] = 0;
    counts[symbol] = symbols[symbol];
    depths[symbol] = 0;
    if (symbols[symbol] === 0) continue;
    highest = symbol;
    heap[++heapCount] = symbol;
  }
  while (heapCount < 2) {
    const symbol = highest < 2 ? ++highest : 0;
    heap[++heapCount] = symbol;
    counts[symbol] = 1;
  }
  for (let index = heapCount >> 1; index > 0; index--) siftDown(index);
  return highest;
}

/** Joins the two rarest nodes until one is left; where the nodes begin, the root first. */
function growTree(symbolCount) {
  let node = symbolCount;
  let top = NODE_COUNT;
  do {
    const left = heap[1];
    heap[1] = heap[heapCount--];
    siftDown(1);
    const right = heap[1];
    order[--top] = left;
    order[--top] = right;
    counts[node] = counts[left] + counts[right];
    depths[node] = Math.max(depths[left], depths[right]) + 1;
    parents[left] = node;
    parents[right] = node;
    heap[1] = node++;
    siftDown(1);
  } while (heapCount >= 2);
  order[--top] = heap[1];
  return top;
}

/** The lengths of a Huffman code of at most `bitsMax` bits; the highest symbol that occurs. */
export function assignLengths(symbols, bitsMax, lengthsOut) {
  const highest = openHeap(symbols, lengthsOut);
  const top = growTree(symbols.length);
  bitsOf[order[top]] = 0;
  codesByBits.fill(0);
  let overflow = 0;
  for (let index = top + 1; index < NODE_COUNT; index++) {
    const child = order[index];
    const bits = bitsOf[parents[child]] + 1;
    if (bits > bitsMax) overflow++;
    bitsOf[child] = Math.min(bits, bitsMax);
    if (child >= symbols.length) continue;
    codesByBits[bitsOf[child]]++;
    lengthsOut[child] = bitsOf[child];
  }
  if (overflow > 0) limitLengths(overflow, bitsMax, symbols.length, lengthsOut);
  return highest;
}

/** Makes a code legal again whose longest words were cut. */
function limitLengths(overflow, bitsMax, symbolCount, lengthsOut) {
  for (let left = overflow; left > 0; left -= 2) {
    let bits = bitsMax - 1;
    while (codesByBits[bits] === 0) bits--;
    codesByBits[bits]--;
    codesByBits[bits + 1] += 2;
    codesByBits[bitsMax]--;
  }
  let index = NODE_COUNT;
  for (let bits = bitsMax; bits > 0; bits--) {
    for (let left = codesByBits[bits]; left > 0; ) {
      const symbol = order[--index];
      if (symbol >= symbolCount) continue;
      lengthsOut[symbol] = bits;
      left--;
    }
  }
}
