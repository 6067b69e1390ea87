/**
 * One line of an event script as bytes: fields between tabs, read from left to right. Names stay
 * bytes, so that a trace has them as the script does. Every refusal says what was found and what is
 * right.
 */
import { MonitorError } from "../errors.js";

const TAB = 0x09;
const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Numbers of so many digits are exact. */
const EXACT_DIGITS = 15;
/** 2^64 has as many. */
const CODE_DIGITS_MAX = 20;
const HIGH_WORD = 0x1_0000_0000;

/** Characters of a field that a message shows. */
const SHOWN_MAX = 40;

const decoder = new TextDecoder();

/** Reads the fields of a line. The bytes are the caller's: nothing of them is kept. */
export class ScriptLine {
  #bytes: Uint8Array = new Uint8Array();
  #begin = 0;
  #until = 0;
  #at = 0;
  #end = 0;

  /** Turns to another line, `bytes` from `begin` up to `end`, its line break not included. */
  open(bytes: Uint8Array, begin: number, end: number): void {
    this.#bytes = bytes;
    this.#at = begin;
    this.#end = end;
  }

  /** Whether all fields were read. */
  get isAtEnd(): boolean {
    return this.#at > this.#end;
  }

  /** What follows the fields that were read: a view. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#at, this.#end);
  }

  /** The letter that says what a line is; an empty text if it is no single letter. */
  readKind(): string {
    this.#advance("kind");
    return this.#until - this.#begin === 1 ? this.#text() : "";
  }

  /** A field as bytes: a view. */
  readBytes(what: string): Uint8Array {
    this.#advance(what);
    return this.#bytes.subarray(this.#begin, this.#until);
  }

  /** A number without sign, up to 2^53 - 1. */
  readCount(what: string): number {
    this.#advance(what);
    const count = this.#digits(this.#begin);
    if (Number.isSafeInteger(count)) return count;
    throw this.#refusal(what, "an integer from 0 to 2^53 - 1");
  }

  /** A number with or without sign, of any size. */
  readNumber(what: string): number {
    this.#advance(what);
    const isNegative = this.#bytes[this.#begin] === MINUS && this.#begin < this.#until;
    const magnitude = this.#digits(this.#begin + (isNegative ? 1 : 0));
    if (!Number.isNaN(magnitude)) return isNegative ? -magnitude : magnitude;
    throw this.#refusal(what, "an integer");
  }

  /** A signed integer of 64 bits. */
  readInteger(what: string): bigint {
    this.#advance(what);
    const text = this.#text();
    const value = /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
    if (value !== undefined && BigInt.asIntN(64, value) === value) return value;
    throw this.#refusal(what, "an integer of 64 bits");
  }

  /** A decimal fraction, with or without exponent. */
  readFraction(what: string): number {
    this.#advance(what);
    const text = this.#text();
    if (/^\d*\.?\d+([eE][-+]?\d+)?$|^\d+\.$/.test(text)) return Number(text);
    throw this.#refusal(what, "a number");
  }

  /** A location code from 1 to 2^64 - 1, put at `index` of `codes` as low and high word. */
  readCode(what: string, codes: Uint32Array): void {
    this.#advance(what);
    if (this.#putCode(this.#begin, codes, 0) !== this.#until) throw this.#codeRefusal(what);
  }

  /** Location codes between single spaces, from index 0 of `codes`; returns how many. */
  readCodes(what: string, codes: Uint32Array): number {
    this.#advance(what);
    let count = 0;
    let at = this.#begin - 1;
    while (at < this.#until) {
      if (2 * count >= codes.length) {
        throw new MonitorError("MALFORMED", `more than ${codes.length / 2} ${what}s`);
      }
      this.#begin = at + 1;
      at = this.#putCode(at + 1, codes, 2 * count);
      if (at < 0 || (at < this.#until && this.#bytes[at] !== SPACE)) throw this.#codeRefusal(what);
      count++;
    }
    return count;
  }

  /** Refuses a line that goes on. */
  finish(): void {
    if (this.isAtEnd) return;
    throw new MonitorError("MALFORMED", "more fields than a line of this kind has");
  }

  #advance(what: string): void {
    if (this.isAtEnd) throw new MonitorError("MALFORMED", `the ${what} is missing`);
    const bytes = this.#bytes;
    let until = this.#at;
    while (until < this.#end && bytes[until] !== TAB) until++;
    this.#begin = this.#at;
    this.#until = until;
    this.#at = until + 1;
  }

  /**
   * The decimal digits from `begin` to the field's end as a number; NaN if there is another byte.
   */
  #digits(begin: number): number {
    if (begin >= this.#until) return Number.NaN;
    let value = 0;
    for (let at = begin; at < this.#until; at++) {
      const digit = (this.#bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  }

  /** Puts the code that begins at `begin`; returns where its digits end, -1 if it is none. */
  #putCode(begin: number, codes: Uint32Array, index: number): number {
    const bytes = this.#bytes;
    const until = this.#until;
    let value = 0;
    let at = begin;
    for (; at < until; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (value === 0) return -1;
    if (at - begin > EXACT_DIGITS) return this.#putLongCode(begin, at, codes, index) ? at : -1;
    codes[index] = value;
    codes[index + 1] = value / HIGH_WORD;
    return at;
  }

  #putLongCode(begin: number, until: number, codes: Uint32Array, index: number): boolean {
    if (until - begin > CODE_DIGITS_MAX) return false;
    const code = BigInt(decoder.decode(this.#bytes.subarray(begin, until)));
    if (BigInt.asUintN(64, code) !== code) return false;
    codes[index] = Number(code & 0xffff_ffffn);
    codes[index + 1] = Number(code >> 32n);
    return true;
  }

  #text(): string {
    return decoder.decode(this.#bytes.subarray(this.#begin, this.#until));
  }

  #codeRefusal(what: string): MonitorError {
    return this.#refusal(what, "an integer from 1 to 2^64 - 1");
  }

  #refusal(what: string, right: string): MonitorError {
    const text = this.#text();
    const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
    return new MonitorError("MALFORMED", `${what} ${JSON.stringify(shown)} is not ${right}`);
  }
}
