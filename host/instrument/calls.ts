/**
 * The calls in function bodies, read when they are asked for and remembered.
 */
import { MonitorError } from "../errors.js";
import type { GuestModule } from "./module.js";
import { OPCODE, readLocals, skipInstruction, UnknownOpcode } from "./opcodes.js";
import { Reader } from "./reader.js";

/** A direct call: where its instruction begins and ends, bytes in the module. */
export interface Call {
  readonly opcode: number;
  readonly target: number;
  readonly begin: number;
  readonly until: number;
}

/** Direct calls by function index. */
export class Calls {
  readonly #known = new Map<number, readonly Call[]>();
  /** Bodies that could not be read, a sentence each. */
  readonly unread: string[] = [];

  constructor(
    private readonly module: GuestModule,
    private readonly names: ReadonlyMap<number, string>,
  ) {}

  /** The direct calls of a function, in order; none for imports and bodies that are not read. */
  of(functionIndex: number): readonly Call[] {
    let calls = this.#known.get(functionIndex);
    if (!calls) {
      calls = this.#read(functionIndex);
      this.#known.set(functionIndex, calls);
    }
    return calls;
  }

  #read(functionIndex: number): readonly Call[] {
    const body = this.module.bodyOf(functionIndex);
    if (!body) return [];
    const reader = new Reader(this.module.bytes, body.begin, body.until);
    const calls: Call[] = [];
    try {
      readLocals(reader);
      while (!reader.isDone) {
        const begin = reader.position;
        const opcode = skipInstruction(reader);
        if (opcode !== OPCODE.call && opcode !== OPCODE.returnCall) continue;
        const target = new Reader(reader.bytes, begin + 1, reader.position).u32();
        calls.push({ opcode, target, begin, until: reader.position });
      }
    } catch (error) {
      if (!(error instanceof UnknownOpcode) && !(error instanceof MonitorError)) throw error;
      this.unread.push(`${nameOf(this.names, functionIndex)}: ${error.message}`);
      return [];
    }
    return calls;
  }
}

/** A function's name for people. */
export function nameOf(names: ReadonlyMap<number, string>, functionIndex: number): string {
  return names.get(functionIndex) ?? `function ${functionIndex}`;
}
