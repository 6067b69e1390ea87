/**
 * What a mangled C++ name is made of, and how it is printed. A type has a part to the left of the
 * name it declares and one to the right: `void (*` and `)(int)`. Spelling follows LLVM's
 * `ItaniumDemangle.h` (version 14), which is also what `c++filt` prints but for a few spaces.
 */
import type { Output } from "./output.js";

/** What a pointer to a type has to put in parentheses. */
export enum Shape {
  Plain,
  Array,
  Function,
}

/** A part of a name. */
export abstract class Node {
  abstract left(output: Output): void;

  right(_output: Output): void {}

  shape(_output: Output): Shape {
    return Shape.Plain;
  }

  /** What a constructor of it is called; empty where it cannot have one. */
  baseName(): string {
    return "";
  }
}

/** Texts and nodes one after the other; a list is separated by commas. */
export type Part = string | Node | readonly Node[];

/** Anything that has no right part of its own. */
export class Sequence extends Node {
  private readonly parts: readonly Part[];

  constructor(...parts: readonly Part[]) {
    super();
    this.parts = parts;
  }

  left(output: Output): void {
    for (const part of this.parts) {
      if (typeof part === "string") output.put(part);
      else if (part instanceof Node) output.putNode(part);
      else output.putList(part as readonly Node[]);
    }
  }

  override baseName(): string {
    const [first] = this.parts;
    if (this.parts.length === 1 && typeof first === "string") return first;
    const last = this.parts.at(-1);
    return last instanceof Node ? last.baseName() : "";
  }
}

/** `std::string` and its like: short as a type, written out where its constructor is named. */
export class Abbreviated extends Node {
  constructor(
    private readonly short: string,
    private readonly base: string,
    private readonly templateArguments: string,
  ) {
    super();
  }

  left(output: Output): void {
    output.put(`std::${this.short}`);
  }

  expanded(): Node {
    const { base, templateArguments } = this;
    return new NamedAs(base, new Sequence(`std::${base}${templateArguments}`));
  }

  override baseName(): string {
    return this.short;
  }
}

/** A node with another base name than its own. */
export class NamedAs extends Node {
  constructor(
    private readonly base: string,
    private readonly node: Node,
  ) {
    super();
  }

  left(output: Output): void {
    output.putNode(this.node);
  }

  override baseName(): string {
    return this.base;
  }
}

/** `<…>`; a space keeps two closing brackets apart. */
export class TemplateArguments extends Node {
  constructor(private readonly list: readonly Node[]) {
    super();
  }

  left(output: Output): void {
    output.put("<");
    output.putList(this.list);
    output.put(output.last === ">" ? " >" : ">");
  }
}

/** A type followed by words: cv-qualifiers, vendors' qualifiers. */
export class Qualified extends Node {
  constructor(
    private readonly node: Node,
    private readonly words: string,
  ) {
    super();
  }

  left(output: Output): void {
    output.putLeft(this.node);
    output.put(this.words);
  }

  override right(output: Output): void {
    output.putRight(this.node);
  }

  override shape(output: Output): Shape {
    return output.shapeOf(this.node);
  }
}

/** `*`, `&` or `&&`. A reference to a reference collapses. */
export class Pointer extends Node {
  constructor(
    private readonly target: Node,
    private readonly sign: "*" | "&" | "&&",
  ) {
    super();
  }

  left(output: Output): void {
    const { target, sign } = this.collapse(output);
    output.putLeft(target);
    const shape = output.shapeOf(target);
    if (shape === Shape.Array) output.put(" ");
    if (shape !== Shape.Plain) output.put("(");
    output.put(sign);
  }

  override right(output: Output): void {
    const { target } = this.collapse(output);
    if (output.shapeOf(target) !== Shape.Plain) output.put(")");
    output.putRight(target);
  }

  private collapse(output: Output): { target: Node; sign: string } {
    let target = this.target;
    let sign: string = this.sign;
    for (;;) {
      output.visit();
      const inner = output.resolve(target);
      if (sign === "*" || !(inner instanceof Pointer) || inner.sign === "*") break;
      if (inner.sign === "&") sign = "&";
      target = inner.target;
    }
    return { target, sign };
  }
}

/** `int Class::*`. */
export class MemberPointer extends Node {
  constructor(
    private readonly owner: Node,
    private readonly member: Node,
  ) {
    super();
  }

  left(output: Output): void {
    output.putLeft(this.member);
    output.put(output.shapeOf(this.member) === Shape.Plain ? " " : "(");
    output.putNode(this.owner);
    output.put("::*");
  }

  override right(output: Output): void {
    if (output.shapeOf(this.member) !== Shape.Plain) output.put(")");
    output.putRight(this.member);
  }
}

/** `int [3]`. */
export class ArrayType extends Node {
  constructor(
    private readonly element: Node,
    private readonly dimension: Node,
  ) {
    super();
  }

  left(output: Output): void {
    output.putLeft(this.element);
  }

  override right(output: Output): void {
    if (output.last !== "]") output.put(" ");
    output.put("[");
    output.putNode(this.dimension);
    output.put("]");
    output.putRight(this.element);
  }

  override shape(): Shape {
    return Shape.Array;
  }
}

/** `void (int) const & noexcept`; the part after the parameters is `suffix`. */
export class FunctionType extends Node {
  constructor(
    private readonly result: Node,
    private readonly parameters: readonly Node[],
    private readonly suffix: readonly Part[],
  ) {
    super();
  }

  left(output: Output): void {
    output.putLeft(this.result);
    output.put(" ");
  }

  override right(output: Output): void {
    output.putNode(new Sequence("(", this.parameters, ")"));
    output.putRight(this.result);
    output.putNode(new Sequence(...this.suffix));
  }

  override shape(): Shape {
    return Shape.Function;
  }
}

/** A function with its parameters; templates have their result too. */
export class FunctionEncoding extends Node {
  constructor(
    private readonly result: Node | undefined,
    private readonly name: Node,
    private readonly parameters: readonly Node[],
    private readonly suffix: readonly Part[],
  ) {
    super();
  }

  left(output: Output): void {
    const { result } = this;
    if (result !== undefined) {
      output.putLeft(result);
      if (output.shapeOf(result) === Shape.Plain) output.put(" ");
    }
    output.putNode(this.name);
  }

  override right(output: Output): void {
    output.putNode(new Sequence("(", this.parameters, ")"));
    if (this.result !== undefined) output.putRight(this.result);
    output.putNode(new Sequence(...this.suffix));
  }
}
