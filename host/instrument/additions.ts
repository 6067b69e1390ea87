/**
 * What is appended to a module: types, functions, globals, exports and one table. Indices continue
 * those of the original, so that none of its own changes.
 */
import { constant, OP, u32, utf8 } from "./assembler.js";
import { type GuestModule, I32 } from "./module.js";

interface AddedFunction {
  readonly name: string;
  readonly type: number;
  /** Without its size. */
  body: ArrayLike<number>;
}

/** Before an instrumented module's exports. */
export const EXPORT_PREFIX = "wmon.";

/** Collects what is added; encoded as entries of their sections. */
export class Additions {
  readonly types: number[][] = [];
  readonly functions: AddedFunction[] = [];
  readonly globals: number[][] = [];
  readonly exports: number[][] = [];
  /** Index of the table with the hooks. */
  readonly table: number;
  readonly #typeIndices = new Map<string, number>();

  constructor(private readonly module: GuestModule) {
    this.table = module.tableCount;
  }

  /** A function type of i32 parameters; results as the type section has them, with their count. */
  type(paramCount: number, results: ArrayLike<number>): number {
    const params = new Array<number>(paramCount).fill(I32);
    const entry = [0x60, ...u32(paramCount), ...params, ...Array.from(results)];
    const key = entry.join();
    const known = this.#typeIndices.get(key);
    if (known !== undefined) return known;
    const index = this.module.types.length + this.types.push(entry) - 1;
    this.#typeIndices.set(key, index);
    return index;
  }

  /** Adds a function; its body may follow by `define`. Returns its index. */
  declare(name: string, type: number): number {
    return this.module.functionCount + this.functions.push({ name, type, body: [] }) - 1;
  }

  define(functionIndex: number, body: ArrayLike<number>): void {
    const added = this.functions[functionIndex - this.module.functionCount];
    if (added) added.body = body;
  }

  /** Adds a mutable global of type i32. Returns its index. */
  global(value: number): number {
    const entry = [I32, 1, ...constant(value), OP.end];
    return this.module.globalCount + this.globals.push(entry) - 1;
  }

  export(name: string, kind: number, index: number): void {
    this.exports.push([...utf8(EXPORT_PREFIX + name), kind, ...u32(index)]);
  }
}
