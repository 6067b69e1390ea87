/**
 * A Rust name of the v0 scheme while it is demangled: parser and printer in one. What a back
 * reference stands for is parsed again where it is used, so text, work and depth are bounded.
 */
import { NotMangled } from "./itanium/output.js";
import { decodePunycode } from "./punycode.js";

const CHARACTERS_MAX = 16_384;
const STEPS_MAX = 100_000;
const DEPTH_MAX = 500;

/** An identifier, and which of several of the same name it is (0 for the first). */
export interface Identifier {
  readonly name: string;
  readonly disambiguator: number;
}

/** Text, position, and what is printed. */
export class RustName {
  output = "";
  /** Lifetimes that the `for<…>` around declare. */
  boundCount = 0;
  private at = 0;
  private isSilent = false;
  private steps = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  look(): string {
    return this.text.charAt(this.at);
  }

  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }

  next(): string {
    if (this.isAtEnd) this.fail();
    return this.text.charAt(this.at++);
  }

  put(text: string): void {
    if (this.isSilent) return;
    this.output += text;
    if (this.output.length > CHARACTERS_MAX) this.fail();
  }

  /** Parses without printing. */
  silently(parse: () => void): void {
    const { isSilent } = this;
    this.isSilent = true;
    parse();
    this.isSilent = isSilent;
  }

  /** Runs a parser one level deeper. */
  nested(parse: () => void): void {
    if (++this.steps > STEPS_MAX || ++this.depth > DEPTH_MAX) this.fail();
    parse();
    this.depth--;
  }

  /** Parses what stood before, at the position given here. */
  backReference(parse: () => void): void {
    const here = this.at - 1;
    const target = this.base62();
    if (target >= here) this.fail();
    if (this.isSilent) return;
    const { at } = this;
    this.at = target;
    this.nested(parse);
    this.at = at;
  }

  /** Reads up to `E`, with a separator between. */
  list(separator: string, parse: () => void): number {
    let count = 0;
    for (; !this.take("E"); count++) {
      if (count > 0) this.put(separator);
      parse();
    }
    return count;
  }

  /** A number in base 62 before `_`, plus 1; 0 if `_` stands here. Rounded above 2^53: a hash. */
  base62(): number {
    if (this.take("_")) return 0;
    let value = 0;
    for (let letter = this.next(); letter !== "_"; letter = this.next()) {
      const digit = DIGITS.indexOf(letter);
      if (digit < 0) this.fail();
      value = value * 62 + digit;
    }
    return value + 1;
  }

  /** A number in base 62 after a tag, plus 1; 0 without the tag. */
  taggedBase62(tag: string): number {
    return this.take(tag) ? this.base62() + 1 : 0;
  }

  /** Hexadecimal digits before `_`; of a number without leading zeros. */
  hexadecimal(isText = false): string {
    const end = this.text.indexOf("_", this.at);
    const digits = this.text.slice(this.at, Math.max(end, this.at));
    const allowed = isText ? /^[0-9a-f]*$/ : /^(0|[1-9a-f][0-9a-f]*)?$/;
    if (!allowed.test(digits) || end < 0) this.fail();
    this.at = end + 1;
    return digits;
  }

  identifier(): Identifier {
    const disambiguator = this.taggedBase62("s");
    return { name: this.plainIdentifier(), disambiguator };
  }

  /** Without a disambiguator. */
  plainIdentifier(): string {
    const isPunycode = this.take("u");
    const digits = /^(0|[1-9][0-9]{0,5})/.exec(this.text.slice(this.at, this.at + 6))?.[0];
    if (digits === undefined) this.fail();
    const count = Number(digits);
    this.at += digits.length;
    this.take("_");
    const name = this.text.slice(this.at, this.at + count);
    if (name.length < count) this.fail();
    this.at += count;
    return isPunycode ? decodePunycode(name.replace(/_([^_]*)$/, "-$1")) : name;
  }

  fail(): never {
    throw new NotMangled(`at ${this.at}`);
  }
}

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
