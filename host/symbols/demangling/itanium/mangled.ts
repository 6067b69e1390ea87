/**
 * A mangled C++ name while it is parsed: where the parser stands, and the two tables that later
 * parts refer to (Itanium C++ ABI, 5.1.10 substitutions and 5.1.5 template parameters).
 */
import type { Node } from "./nodes.js";
import { NotMangled } from "./output.js";
import type { ForwardReference } from "./packs.js";

const DEPTH_MAX = 400;

/** What parsing a function's name tells about the function. */
export interface NameTraits {
  /** Constructors, destructors and conversions have no result in their encoding. */
  hasNoResult: boolean;
  endsWithArguments: boolean;
  /** cv- and reference-qualifiers of a member function. */
  qualifiers: string;
}

/** Text and tables. Every method that finds something else than it needs throws. */
export class Mangled {
  at = 0;
  readonly substitutions: Node[] = [];
  /** Template parameters by level: of the name, then of generic lambdas in it. */
  templateLevels: Node[][] = [];
  readonly forwards: ForwardReference[] = [];
  permitsForwards = false;
  /** False while a conversion operator's type is read: `I` after it is the operator's own. */
  takesArguments = true;
  /** The level of the generic lambda whose parameters are read; -1 outside. */
  lambdaLevel = -1;
  private depth = 0;

  constructor(readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The character so many places ahead; empty beyond the end. */
  look(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  /** Passes `expected` if it stands here. */
  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  need(expected: string): void {
    if (!this.take(expected)) this.fail();
  }

  /** Passes and returns so many characters. */
  read(count: number): string {
    if (this.at + count > this.text.length) this.fail();
    this.at += count;
    return this.text.slice(this.at - count, this.at);
  }

  /** Decimal digits; empty if there are none. `n` before them is a minus sign where allowed. */
  digits(allowsMinus = false): string {
    const begin = this.at;
    if (allowsMinus) this.take("n");
    while (isDigit(this.look())) this.at++;
    return this.text.slice(begin, this.at);
  }

  /** A number in base 36 or 10 before `_`, plus 1; 0 if `_` stands here. */
  index(base: 10 | 36): number {
    if (this.take("_")) return 0;
    const begin = this.at;
    while (/[0-9A-Z]/.test(this.look())) this.at++;
    const digits = this.text.slice(begin, this.at);
    this.need("_");
    const value = Number.parseInt(digits, base);
    if (Number.isNaN(value)) this.fail();
    return value + 1;
  }

  /** Reads until `end`, which is passed. */
  until<Element>(end: string, read: () => Element): Element[] {
    const elements: Element[] = [];
    while (!this.take(end)) elements.push(read());
    return elements;
  }

  /** Remembers a node for later reference. */
  remember<Kind extends Node>(node: Kind): Kind {
    this.substitutions.push(node);
    return node;
  }

  /** Runs a parser one level deeper. */
  nested<Result>(parse: () => Result): Result {
    if (++this.depth > DEPTH_MAX) this.fail();
    const result = parse();
    this.depth--;
    return result;
  }

  fail(): never {
    throw new NotMangled(`at ${this.at}`);
  }
}

export function isDigit(letter: string): boolean {
  return letter >= "0" && letter <= "9";
}
