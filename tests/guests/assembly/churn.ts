/**
 * An allocation-heavy loop for the benchmarks: binary trees of 12 levels, an object of 8 bytes
 * at a time, garbage as soon as they are counted; about 100 MB a second.
 */
const LEVELS: u32 = 12;

class Node {
  size(): u32 {
    return 1;
  }
}

class Leaf extends Node {
  constructor(
    public value: u32,
    public weight: u32,
  ) {
    super();
  }
}

class Branch extends Node {
  constructor(
    public left: Node,
    public right: Node,
  ) {
    super();
  }

  override size(): u32 {
    return 1 + this.left.size() + this.right.size();
  }
}

let nodes: u32 = 0;

/** Builds and counts `count` trees of 4,095 nodes; returns the nodes of all calls, modulo 2^32. */
export function churn(count: u32): u32 {
  for (let i: u32 = 0; i < count; i++) nodes += build(LEVELS).size();
  return nodes;
}

function build(levels: u32): Node {
  if (levels === 1) return new Leaf(levels, 1);
  return new Branch(build(levels - 1), build(levels - 1));
}
