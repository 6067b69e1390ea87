/**
 * Makes a module deflate to less without a change of what it does: it is changed in small ways,
 * and what `gzip -9` makes fewer bits of stays. The same module always gets the same shape.
 */
import { Deflate } from "./deflate.js";
import { addLocals, recolourLocals, tradeLocals } from "./locals.js";
import { MAGIC_BYTES, readModule } from "./module.js";
import {
  moveStatements,
  regroupOperands,
  shiftBounds,
  splitTees,
  swapArms,
  swapOperands,
} from "./operations.js";
import { swapParameters } from "./parameters.js";
import { Writer } from "./writer.js";

/** A module while it is changed. */
export class Shape {
  #writer;
  #deflate = new Deflate();

  constructor(bytes) {
    this.module = readModule(bytes);
    this.#writer = new Writer(this.module, bytes.slice(0, MAGIC_BYTES));
    this.bitCount = Number.POSITIVE_INFINITY;
    this.accept();
  }

  /** Keeps what was changed if it is fewer bits, or `slackBits` more at most. */
  accept(slackBits = 0) {
    const bitCount = this.#deflate.measure(this.#writer.write());
    if (bitCount >= this.bitCount + slackBits) return false;
    this.bitCount = bitCount;
    this.#deflate.keep();
    return true;
  }

  /** Says what has changed: a function, or without one the tables of the module. */
  touch(wasmFunction) {
    if (wasmFunction === undefined) this.#writer.forgetTables();
    else this.#writer.forget(wasmFunction);
  }

  /** Says that functions or globals stand elsewhere in their tables. */
  touchNumbers() {
    this.#writer.forgetNumbers();
  }

  /** Gives a function other code, if that is fewer bits. */
  tryCode(wasmFunction, code) {
    const before = wasmFunction.code;
    wasmFunction.code = code;
    this.touch(wasmFunction);
    if (this.accept()) return true;
    wasmFunction.code = before;
    this.touch(wasmFunction);
    return false;
  }

  /** Gives a function other codes, one after the other, each if that is fewer bits. */
  tryCodes(wasmFunction, codesOf) {
    let codes = codesOf(wasmFunction);
    for (let index = 0; index < codes.length; index++) {
      if (this.tryCode(wasmFunction, codes[index]())) codes = codesOf(wasmFunction);
    }
  }

  /** Lets the items of a list trade places, each pair that is fewer bits so. */
  tradeItems(items, touch) {
    for (let right = 1; right < items.length; right++) {
      for (let left = 0; left < right; left++) {
        const trade = () => {
          [items[left], items[right]] = [items[right], items[left]];
          touch();
        };
        trade();
        if (!this.accept()) trade();
      }
    }
  }

  /** The module as it is now. */
  bytes() {
    return this.#writer.write().slice();
  }
}

/** What is tried with every function, in this order. */
export const CHANGES = [
  tradeLocals,
  addLocals,
  recolourLocals,
  ...[swapOperands, swapArms, shiftBounds, moveStatements, regroupOperands, splitTees].map(
    (codesOf) => (shape, wasmFunction) => shape.tryCodes(wasmFunction, codesOf),
  ),
  swapParameters,
];

/** Shapes a module: its bytes, as they deflate best. Each round starts where the last one ended. */
export function shapeModule(bytes, { rounds }) {
  const shape = new Shape(bytes);
  const { module } = shape;
  for (let round = 0; round < rounds; round++) {
    for (const change of CHANGES) {
      for (const wasmFunction of module.functions) change(shape, wasmFunction);
    }
    shape.tradeItems(module.types, () => shape.touch());
    shape.tradeItems(module.exports, () => shape.touch());
    shape.tradeItems(module.globals, () => shape.touchNumbers());
  }
  const shaped = shape.bytes();
  if (!WebAssembly.validate(shaped)) throw new Error("shape: the module is not valid");
  return shaped;
}
