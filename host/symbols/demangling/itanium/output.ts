/**
 * The text of a name while it is printed. Short names can stand for endless ones (each part may
 * repeat the part before twice), so both the text and the work are bounded.
 */
import type { Node, Shape } from "./nodes.js";
import { Stand } from "./packs.js";

/** A name that would be longer is left mangled. */
const CHARACTERS_MAX = 16_384;
const VISITS_MAX = 100_000;
const DEPTH_MAX = 1_000;

/** The name is not one, or beyond what is bounded: it stays as it was. */
export class NotMangled extends Error {
  override readonly name = "NotMangled";
}

/** Text so far, and where in the packs around it is. */
export class Output {
  text = "";
  packIndex = 0;
  /** Elements of the pack in the expansion around; undefined before one was met. */
  packCount: number | undefined;
  private visits = 0;
  private depth = 0;

  /** The last character so far. */
  get last(): string {
    return this.text.charAt(this.text.length - 1);
  }

  put(text: string): void {
    this.text += text;
    if (this.text.length > CHARACTERS_MAX) throw new NotMangled("too long");
  }

  putNode(node: Node): void {
    this.putLeft(node);
    this.putRight(node);
  }

  putLeft(node: Node): void {
    this.enter();
    node.left(this);
    this.depth--;
  }

  putRight(node: Node): void {
    this.enter();
    node.right(this);
    this.depth--;
  }

  /** Separated by commas; an element that prints nothing (an empty pack) leaves no comma. */
  putList(nodes: readonly Node[]): void {
    let isFirst = true;
    for (const node of nodes) {
      const before = this.text;
      if (!isFirst) this.put(", ");
      const separated = this.text.length;
      this.putNode(node);
      if (this.text.length === separated) this.text = before;
      else isFirst = false;
    }
  }

  shapeOf(node: Node): Shape {
    this.enter();
    const shape = node.shape(this);
    this.depth--;
    return shape;
  }

  /** What a node stands for, if it stands for another. */
  resolve(node: Node): Node {
    let found = node;
    while (found instanceof Stand) {
      this.visit();
      const target = found.target(this);
      if (target === undefined) break;
      found = target;
    }
    return found;
  }

  mark(): string {
    return this.text;
  }

  rewind(mark: string): void {
    this.text = mark;
  }

  /** Counts a step of work. */
  visit(): void {
    if (++this.visits > VISITS_MAX) throw new NotMangled("too much work");
  }

  private enter(): void {
    this.visit();
    if (++this.depth > DEPTH_MAX) throw new NotMangled("too deep");
  }
}
