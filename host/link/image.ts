/**
 * An image: which function, type and global of the guest and of the monitor is where in the module
 * that both become. First imports, then the guest's functions, the monitor's, wrappers of WASI.
 */
import { MonitorError } from "../errors.js";
import { EXPORT_PREFIX } from "../instrument/additions.js";
import { call, functionBody, getGlobal, u32 } from "../instrument/assembler.js";
import type { GuestModule, ImportedFunction } from "../instrument/module.js";
import { KIND } from "../instrument/module.js";
import { OPCODE } from "../instrument/opcodes.js";
import type { Piece } from "../instrument/patch.js";
import { PREVIEW1 } from "../wasi/preview1.js";
import { type Instruction, LINKED, operandOf, rewriteBody } from "./code.js";
import { exportedFunction, exportedGlobal } from "./module-tables.js";
import { type Indices, relocateBody } from "./relocation.js";
import { type Watch, wrapCall } from "./wrapper.js";

/** A function that the image imports. */
export interface WasiImport {
  readonly name: string;
  /** Its type in the image. */
  readonly type: number;
}

const START = "_start";

/** Globals of a hooked guest's that its monitor uses as its own. */
const HOOK_GLOBALS = ["countdown", "probe", "block", "depth"];

export class Image {
  /** What the image imports, all of it from WASI. */
  readonly imports: WasiImport[] = [];
  /** WASI functions that the guest imports, one for each wrapper. */
  readonly calls: readonly ImportedFunction[];
  /** Of the monitor, in the image. */
  readonly indices: Indices;
  readonly #importIndices = new Map<string, number>();
  /** Of the monitor's globals that are the guest's: which they are. */
  readonly #hookGlobals = new Map<number, number>();
  readonly #watch: Watch;
  readonly #growGuest: number;
  readonly #guestPages: number;

  constructor(
    readonly guest: GuestModule,
    readonly monitor: GuestModule,
    /** Whether the guest is hooked and its monitor traces it. */
    readonly isTraced = false,
  ) {
    const isWasi = ({ module }: ImportedFunction) => module === PREVIEW1;
    this.calls = unique(guest.importedFunctions.filter(isWasi));
    for (const { name, type } of this.calls) this.#import(name, type);
    for (const { name, type } of monitor.importedFunctions.filter(isWasi)) {
      this.#import(name, type + guest.types.length);
    }
    this.indices = {
      functionOf: (index) => this.ofMonitor(index),
      globalOf: (index) => this.#hookGlobals.get(index) ?? index + guest.globalCount,
      base: exportedGlobal(monitor, "base") + guest.globalCount,
    };
    this.#watch = {
      beginCall: this.exported("beginCall"),
      endCall: this.exported("endCall"),
      finish: this.exported("finish"),
    };
    if (isTraced) {
      for (const name of HOOK_GLOBALS) {
        this.#hookGlobals.set(exportedGlobal(monitor, name), this.hookExport(name, KIND.global));
      }
    }
    this.#growGuest = this.exported("growGuest");
    this.#guestPages = exportedGlobal(monitor, "guestPages") + guest.globalCount;
  }

  /** Functions of the image, imports included. */
  get functionCount(): number {
    return this.#firstWrapper + this.calls.length + 1;
  }

  /** Where a function of the guest's is. */
  ofGuest(index: number): number {
    const imported = this.guest.importedFunctions[index];
    if (!imported) return index - this.guest.importedFunctions.length + this.imports.length;
    if (imported.module !== PREVIEW1) return this.#provided(imported);
    return this.#firstWrapper + this.calls.findIndex(({ name }) => name === imported.name);
  }

  /** Where a function of the monitor's is. */
  ofMonitor(index: number): number {
    const imported = this.monitor.importedFunctions[index];
    if (!imported) return index - this.monitor.importedFunctions.length + this.#firstOfMonitor;
    // What it imports beside WASI is the guest's program, and a function of its hooks.
    if (imported.module !== PREVIEW1) {
      if (imported.name === START) return this.#starter;
      return this.ofGuest(this.hookExport(imported.name, KIND.function));
    }
    return this.#importIndices.get(imported.name) as number;
  }

  /** Where a function is that the monitor exports. */
  exported(name: string): number {
    return this.ofMonitor(exportedFunction(this.monitor, name));
  }

  /** The index of what a hooked guest's instrumentation exports. */
  hookExport(name: string, kind: number): number {
    const wanted = EXPORT_PREFIX + name;
    const found = this.guest.exports.find((entry) => entry.name === wanted && entry.kind === kind);
    if (!found) throw new Error(`the hooked guest exports no ${wanted}`);
    return found.index;
  }

  /** Type indices of all functions that are not imported. */
  functionTypes(): number[] {
    const { guest, monitor, calls } = this;
    const ofMonitor = monitor.definedTypes.map((type) => type + guest.types.length);
    const starter = monitor.typeIndexOf(exportedFunction(monitor, "start")) + guest.types.length;
    return [...guest.definedTypes, ...ofMonitor, ...calls.map(({ type }) => type), starter];
  }

  /** Bodies of all functions that are not imported, each without its size or whole. */
  guestBody(index: number): Piece[] {
    const body = this.guest.bodies[index] as { begin: number; until: number };
    return rewriteBody(this.guest.bytes, body, (found) => this.#replace(found));
  }

  monitorBody(index: number): Uint8Array {
    return relocateBody(this.monitor, index + this.monitor.importedFunctions.length, this.indices);
  }

  /** Wrappers, and what runs the guest: its start function, which engines would run too early. */
  addedBodies(startFunction: number | undefined): number[][] {
    const wrappers = this.calls.map(({ name, type }, index) =>
      wrapCall(
        {
          name,
          index,
          paramCount: this.guest.types[type]?.params.length ?? 0,
          target: this.#importIndices.get(name) as number,
        },
        this.#watch,
      ),
    );
    const program = this.guest.exports.find(({ name }) => name === START);
    if (!program) throw new MonitorError("GUEST_INVALID", "exports no function _start");
    const first = startFunction === undefined ? [] : call(this.ofGuest(startFunction));
    return [...wrappers, functionBody(0, first, call(this.ofGuest(program.index)))];
  }

  /** Where a function of module `monitor` is. */
  #provided({ module, name }: ImportedFunction): number {
    const isThere = this.monitor.exports.some((entry) => entry.name === name);
    if (module === "monitor" && isThere) return this.exported(name);
    throw new MonitorError("GUEST_INVALID", `imports ${module}.${name}, which no monitor provides`);
  }

  get #firstOfMonitor(): number {
    return this.imports.length + this.guest.definedTypes.length;
  }

  get #firstWrapper(): number {
    return this.#firstOfMonitor + this.monitor.definedTypes.length;
  }

  get #starter(): number {
    return this.#firstWrapper + this.calls.length;
  }

  #import(name: string, type: number): void {
    if (this.#importIndices.has(name)) return;
    this.#importIndices.set(name, this.imports.push({ name, type }) - 1);
  }

  #replace(found: Instruction): readonly number[] | undefined {
    switch (found.opcode) {
      case OPCODE.call:
      case OPCODE.returnCall:
      case OPCODE.refFunc:
        return [found.opcode, ...u32(this.ofGuest(operandOf(found)))];
      case LINKED.memorySize:
        return getGlobal(this.#guestPages);
      case LINKED.memoryGrow:
        return call(this.#growGuest);
    }
    return undefined;
  }
}

function unique(functions: readonly ImportedFunction[]): ImportedFunction[] {
  return [...new Map(functions.map((found) => [found.name, found])).values()];
}
