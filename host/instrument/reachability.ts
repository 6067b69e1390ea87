/**
 * Which functions can reach an allocator, and by which calls: only these need to push anything on a
 * shadow stack. Indirect calls reach every function of their type whose address is taken; imports
 * may call back, but for those of which it is known that they do not.
 */
import { MonitorError } from "../errors.js";
import { nameOf } from "./calls.js";
import type { Body, GuestModule, ImportedFunction } from "./module.js";
import { OPCODE, readLocals, skipInstruction, UnknownOpcode } from "./opcodes.js";
import { Reader } from "./reader.js";
import { referencedFunctions } from "./references.js";

/** Modules whose functions call nothing of the guest's. */
const QUIET_MODULES = new Set(["wasi_snapshot_preview1", "wasi_unstable", "monitor"]);

/** Imports of AssemblyScript's (module `env`) that call nothing of the guest's. */
const QUIET_NAMES = new Set(["abort", "trace", "seed", "Date.now", "console.log"]);

/** Tells calls that may reach an allocator from others. */
export class Reachability {
  /** Functions from which an allocator may be reached. */
  readonly functions = new Set<number>();
  readonly #types = new Set<string>();
  readonly #callers = new Map<number, number[]>();
  readonly #indirectCallers = new Map<string, number[]>();
  readonly #referenced = new Set<number>();

  /** Reads every body. Throws `GUEST_INVALID` for an instruction that is not known. */
  constructor(
    private readonly module: GuestModule,
    names: ReadonlyMap<number, string>,
    targets: Iterable<number>,
  ) {
    const found = [...targets];
    const first = module.importedFunctions.length;
    module.bodies.forEach((body, index) => {
      naming(nameOf(names, first + index), () => {
        if (this.#scan(first + index, body)) found.push(first + index);
      });
    });
    naming("the tables", () => {
      for (const index of referencedFunctions(module)) this.#referenced.add(index);
    });
    module.importedFunctions.forEach((imported, index) => {
      if (!isQuiet(imported)) found.push(index);
    });
    this.#spread(found);
  }

  /** Whether an indirect call of this type may reach an allocator. */
  reachesByType(typeIndex: number): boolean {
    return this.#types.has(this.#keyOf(typeIndex));
  }

  /** Notes the calls of a body; true if it calls by reference, which may go anywhere. */
  #scan(caller: number, body: Body): boolean {
    const reader = new Reader(this.module.bytes, body.begin, body.until);
    readLocals(reader);
    let callsReference = false;
    while (!reader.isDone) {
      const begin = reader.position;
      const opcode = skipInstruction(reader);
      if (opcode < OPCODE.call || (opcode > OPCODE.returnCallRef && opcode !== OPCODE.refFunc)) {
        continue;
      }
      const operand = new Reader(reader.bytes, begin + 1, reader.position);
      if (opcode === OPCODE.call || opcode === OPCODE.returnCall) {
        put(this.#callers, operand.u32(), caller);
      } else if (opcode === OPCODE.callIndirect || opcode === OPCODE.returnCallIndirect) {
        put(this.#indirectCallers, this.#keyOf(operand.u32()), caller);
      } else if (opcode === OPCODE.refFunc) this.#referenced.add(operand.u32());
      else callsReference = true;
    }
    return callsReference;
  }

  /** From what is known to reach an allocator to all that calls it. */
  #spread(found: number[]): void {
    for (let index = found.pop(); index !== undefined; index = found.pop()) {
      if (this.functions.has(index)) continue;
      this.functions.add(index);
      for (const caller of this.#callers.get(index) ?? []) found.push(caller);
      if (!this.#referenced.has(index)) continue;
      const key = this.module.typeOf(index)?.key ?? "";
      if (this.#types.has(key)) continue;
      this.#types.add(key);
      for (const caller of this.#indirectCallers.get(key) ?? []) found.push(caller);
    }
  }

  #keyOf(typeIndex: number): string {
    return this.module.types[typeIndex]?.key ?? "";
  }
}

function isQuiet({ module, name }: ImportedFunction): boolean {
  return QUIET_MODULES.has(module) || (module === "env" && QUIET_NAMES.has(name));
}

function put<Key>(map: Map<Key, number[]>, key: Key, value: number): void {
  const values = map.get(key);
  if (!values) map.set(key, [value]);
  // Calls of one caller follow each other.
  else if (values[values.length - 1] !== value) values.push(value);
}

/** Says in which function an unknown opcode is. */
function naming(name: string, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof UnknownOpcode)) throw error;
    throw new MonitorError(
      "GUEST_INVALID",
      `shadow stacks need every instruction known, but ${name} has opcode ${error.opcode}; ` +
        "use the engine's stacks",
    );
  }
}
