/**
 * The shadow stack: each function that can reach an allocator takes a slot when it is entered,
 * stores there the position of each such call before it makes it, and gives the slot back when it
 * is left. Positions are byte offsets in the original module; 0 is a slot without a call.
 */
import {
  call,
  code,
  constant,
  getGlobal,
  getLocal,
  OP,
  setGlobal,
  setLocal,
  store,
  teeLocal,
  u32,
  VOID,
  when,
} from "./assembler.js";
import type { Hook } from "./discovery.js";
import type { Hooking } from "./hooking.js";
import { type Body, type FunctionType, I32 } from "./module.js";
import { type Locals, OPCODE, readLocals, skipInstruction } from "./opcodes.js";
import type { Piece } from "./patch.js";
import { Reachability } from "./reachability.js";
import { Reader } from "./reader.js";
import { PROBE_BYTES, SHADOW_BYTES } from "./runtime.js";

/** Bytes of a slot. */
const SLOT_BYTES = 4;
/** Where frames beyond the room there is write, one over the other. */
const LAST_SLOT = SHADOW_BYTES - SLOT_BYTES;

/** What shadow stacks are put into. */
export interface ShadowTask {
  readonly hooking: Hooking;
  readonly hooks: readonly Hook[];
  /** Functions that push nothing: their frames would be stripped. */
  readonly allocators: readonly number[];
  /** Takes each position that is pushed. */
  readonly pushed: number[];
}

/** Adds a new body for each function that pushes. */
export function shadowBodies(task: ShadowTask, bodies: Map<number, Piece[]>): void {
  const { module, names } = task.hooking;
  const targets = task.hooks.filter(({ allocator }) => allocator.role !== "free");
  const reachability = new Reachability(
    module,
    names,
    targets.map(({ index }) => index),
  );
  const silent = new Set(task.allocators);
  for (const index of reachability.functions) {
    const body = module.bodyOf(index);
    if (!body || silent.has(index)) continue;
    bodies.set(index, new ShadowBody(task, reachability, index).pieces(body));
  }
}

/** Rewrites one body. */
class ShadowBody {
  readonly #type: FunctionType;
  readonly #depth: number;
  /** Locals: the depth at entry, the slot, and the address of the block. */
  #frame = 0;
  #slot = 0;
  #block = 0;
  /** The code of a push, around the position that it contains twice. */
  #store: number[] = [];
  #orKeep: number[] = [];
  #done: number[] = [];

  constructor(
    private readonly task: ShadowTask,
    private readonly reachability: Reachability,
    index: number,
  ) {
    const { hooking } = task;
    this.#type = hooking.module.typeOf(index) as FunctionType;
    this.#depth = hooking.runtime.depth as number;
  }

  pieces({ begin, until }: Body): Piece[] {
    const reader = new Reader(this.task.hooking.module.bytes, begin, until);
    const locals = readLocals(reader);
    this.#frame = this.#type.params.length + locals.count;
    this.#slot = this.#frame + 1;
    this.#block = this.#frame + 2;
    this.#prepare();
    return [
      u32(locals.groupCount + 1),
      { from: locals.begin, until: locals.until },
      code(3, I32, this.#enter(), OP.block, this.#blockType()),
      ...this.#rewrite(reader, locals),
      code(this.#leave(), OP.end),
    ];
  }

  /** Takes a slot. The depth counts on where there is no room, so that it is right again below. */
  #enter(): number[] {
    return code(
      getGlobal(this.#depth),
      teeLocal(this.#frame),
      setLocal(this.#slot),
      this.#takeSlot(),
      code(getLocal(this.#frame), constant(LAST_SLOT), OP.gtU),
      when(constant(LAST_SLOT), setLocal(this.#slot)),
    );
  }

  #takeSlot(): number[] {
    return code(getLocal(this.#frame), constant(SLOT_BYTES), OP.add, setGlobal(this.#depth));
  }

  /** What the depth was at entry, whatever callees left behind. */
  #leave(): number[] {
    return code(getLocal(this.#frame), setGlobal(this.#depth));
  }

  /** The function's results: branches to the function's end go to the end of this block. */
  #blockType(): number[] {
    const { results, resultBytes } = this.#type;
    if (results.length === 0) return [VOID];
    if (results.length === 1) return [...resultBytes.subarray(1)];
    return u32(this.task.hooking.added.type(0, resultBytes));
  }

  #rewrite(reader: Reader, { until: begin }: Locals): Piece[] {
    const pieces: Piece[] = [];
    let from = begin;
    let catches = false;
    while (!reader.isDone) {
      const at = reader.position;
      const opcode = skipInstruction(reader);
      if (opcode === OPCODE.tryLegacy || opcode === OPCODE.tryTable) catches = true;
      const before = this.#before(opcode, at, catches);
      if (!before) continue;
      pieces.push({ from, until: at }, before);
      from = at;
    }
    pieces.push({ from, until: reader.until });
    return pieces;
  }

  /** What must come before an instruction; undefined for nothing. */
  #before(opcode: number, at: number, catches: boolean): number[] | undefined {
    switch (opcode) {
      case OPCODE.return:
      case OPCODE.returnCall:
      case OPCODE.returnCallIndirect:
      case OPCODE.returnCallRef:
        return this.#leave();
      case OPCODE.call:
        if (!this.reachability.functions.has(this.#operand(at))) return undefined;
        break;
      case OPCODE.callIndirect:
        if (!this.reachability.reachesByType(this.#operand(at))) return undefined;
        break;
      case OPCODE.callRef:
        break;
      default:
        return undefined;
    }
    // Behind a caught exception the depth is still that of what threw it.
    return catches ? code(this.#takeSlot(), this.#push(at)) : this.#push(at);
  }

  /** Stores the position in the slot, or has it kept while there is no block. */
  #push(position: number): number[] {
    this.task.pushed.push(position);
    const at = constant(position);
    return [...this.#store, ...at, ...this.#orKeep, ...at, ...this.#done];
  }

  #prepare(): void {
    const { block, early } = this.task.hooking.runtime;
    const address = code(getLocal(this.#block), getLocal(this.#slot), OP.add);
    this.#store = code(getGlobal(block), teeLocal(this.#block), OP.if, VOID, address);
    this.#orKeep = code(store(PROBE_BYTES), OP.else, getLocal(this.#slot));
    this.#done = code(call(early as number), OP.end);
  }

  #operand(at: number): number {
    return new Reader(this.task.hooking.module.bytes, at + 1).u32();
  }
}
