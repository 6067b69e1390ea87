/**
 * Backtraces as a tree: a node is a code below its callers, so that a million backtraces with the
 * same beginnings take little room. Nodes are numbered; a caller's number is below its callees'.
 */

/** Nodes of one tree; with its tables it takes 64 bytes a node at most. */
export const NODES_MAX = 1 << 23;

/** The node of the empty backtrace. */
export const ROOT = 0;

const NODES_MIN = 1 << 10;
const EMPTY = 0; // the root is nobody's child
const HASH = 0x9e3779b1; // 2^32 divided by the golden ratio (Knuth, volume 3, section 6.4)

/** Adds backtraces, finds them again. */
export class StackTree {
  #count = 1;
  #parents = new Uint32Array(NODES_MIN);
  #codes = new Uint32Array(NODES_MIN);
  /** Nodes by parent and code; linear probing, at most half full. */
  #slots = new Uint32Array(2 * NODES_MIN);
  /** The last backtrace: most begin like the one before. */
  readonly #path: number[] = [];

  /** Nodes, the root included. */
  get count(): number {
    return this.#count;
  }

  parent(node: number): number {
    return this.#parents[node] as number;
  }

  /** The number of the code that the node stands for; 0 for the root. */
  code(node: number): number {
    return this.#codes[node] as number;
  }

  /**
   * The node of a backtrace, entry point first. Once the tree is full a new backtrace ends early,
   * at the last node that is known: compare `depth`.
   */
  add(frames: ArrayLike<number>, frameCount: number): number {
    const path = this.#path;
    let depth = 0;
    let node = ROOT;
    while (depth < frameCount && depth < path.length) {
      const next = path[depth] as number;
      if (this.#codes[next] !== frames[depth]) break;
      node = next;
      depth++;
    }
    path.length = depth;
    for (; depth < frameCount; depth++) {
      const next = this.#child(node, frames[depth] as number);
      if (next === EMPTY) break;
      path.push(next);
      node = next;
    }
    return node;
  }

  /** Frames from the entry point to `node`, as numbers of codes. */
  frames(node: number): number[] {
    const frames: number[] = [];
    for (let at = node; at !== ROOT; at = this.parent(at)) frames.push(this.code(at));
    return frames.reverse();
  }

  /** How many frames of the last backtrace were taken in. */
  get depth(): number {
    return this.#path.length;
  }

  #child(parent: number, code: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(parent, code) & mask;
    for (;;) {
      const node = this.#slots[slot] as number;
      if (node === EMPTY) break;
      if (this.#parents[node] === parent && this.#codes[node] === code) return node;
      slot = (slot + 1) & mask;
    }
    return this.#insert(parent, code, slot);
  }

  #insert(parent: number, code: number, slot: number): number {
    if (this.#count === NODES_MAX) return EMPTY;
    if (this.#count === this.#parents.length) {
      this.#grow();
      return this.#child(parent, code);
    }
    const node = this.#count++;
    this.#parents[node] = parent;
    this.#codes[node] = code;
    this.#slots[slot] = node;
    return node;
  }

  #grow(): void {
    this.#parents = doubled(this.#parents);
    this.#codes = doubled(this.#codes);
    this.#slots = new Uint32Array(2 * this.#slots.length);
    const mask = this.#slots.length - 1;
    for (let node = 1; node < this.#count; node++) {
      let slot = hash(this.parent(node), this.code(node)) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = node;
    }
  }
}

function hash(parent: number, code: number): number {
  const mixed = Math.imul(Math.imul(parent, HASH) ^ code, HASH);
  return mixed ^ (mixed >>> 15);
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
