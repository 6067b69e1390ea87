/**
 * Nodes that stand for other nodes: parameter packs, their expansions, and template parameters that
 * are known only after the name that uses them (conversion operators).
 */
import { Node, type Shape } from "./nodes.js";
import type { Output } from "./output.js";

/** A template argument that is a pack, as the arguments list it. */
export class ArgumentPack extends Node {
  constructor(readonly elements: readonly Node[]) {
    super();
  }

  left(output: Output): void {
    output.putList(this.elements);
  }
}

/** Stands for one other node at a time. */
export abstract class Stand extends Node {
  /** What is printed in its place here and now. */
  abstract target(output: Output): Node | undefined;

  left(output: Output): void {
    const target = this.target(output);
    if (target) output.putLeft(target);
  }

  override right(output: Output): void {
    const target = this.target(output);
    if (target) output.putRight(target);
  }

  override shape(output: Output): Shape {
    const target = this.target(output);
    return target ? output.shapeOf(target) : 0;
  }
}

/** A template parameter that is a pack: one element of it in each turn of an expansion. */
export class ParameterPack extends Stand {
  constructor(private readonly elements: readonly Node[]) {
    super();
  }

  target(output: Output): Node | undefined {
    if (output.packCount === undefined) {
      output.packCount = this.elements.length;
      output.packIndex = 0;
    }
    return this.elements[output.packIndex];
  }

  override baseName(): string {
    return this.elements[0]?.baseName() ?? "";
  }
}

/** A template parameter by number, to be looked up when the arguments are known. */
export class ForwardReference extends Stand {
  found: Node | undefined;

  constructor(readonly index: number) {
    super();
  }

  target(): Node | undefined {
    return this.found;
  }
}

/** `pattern...`: the pattern once for each element of the packs in it. */
export class Expansion extends Node {
  constructor(private readonly pattern: Node) {
    super();
  }

  left(output: Output): void {
    const { packIndex, packCount } = output;
    output.packIndex = 0;
    output.packCount = undefined;
    const before = output.mark();
    output.putNode(this.pattern);
    const count = output.packCount as number | undefined;
    if (count === undefined) output.put("...");
    else if (count === 0) output.rewind(before);
    for (let each = 1; each < (count ?? 0); each++) {
      output.put(", ");
      output.packIndex = each;
      output.putNode(this.pattern);
    }
    output.packIndex = packIndex;
    output.packCount = packCount;
  }
}
