/**
 * The hooks of an instrumented guest's instance: what the host fills in, and what it may ask. Off,
 * the guest counts words down in a global and calls nothing.
 */
import { MonitorError } from "../errors.js";
import { EXPORT_PREFIX } from "./additions.js";
import type { HookDescription } from "./description.js";
import { GoCalls } from "./go-calls.js";
import { COUNTDOWN_OFF, PROBE_BYTES, SHADOW_BYTES, SLOT } from "./runtime.js";
import { type WasmHooks, wrapHooks } from "./trampoline.js";

export { UNKNOWN_ADDRESS } from "./runtime.js";

/** What a guest's allocators tell. Called on the guest's thread, in the middle of its call. */
export interface HookReceiver {
  /**
   * The countdown came to zero or below: a block of `byteCount` was allocated at `address` (0 if
   * the allocator failed, `UNKNOWN_ADDRESS` if no free of it will be seen). The receiver sets
   * `Hooks.countdown` anew; until then every allocation calls.
   */
  allocated(address: number, byteCount: number): void;
  /** A block that may be a watched one is about to be freed; it may be told of one free twice. */
  freed(address: number): void;
}

export interface Hooks {
  /**
   * Words (4 bytes) until `allocated` is called; at most 2^30. Within `allocated` zero or below:
   * the words by which the block went past it.
   */
  countdown: number;
  /** Blocks whose free will not be seen, because the guest had no memory for the probe table. */
  readonly unwatched: number;
  /** Makes `freed` be called for this block; watching a block twice needs two `unwatch`. */
  watch(address: number): void;
  unwatch(address: number): void;
  /**
   * Copies the call positions of the shadow stack, or of Go's own, innermost first, as byte offsets
   * in the original module; returns how many. 0 with engine stacks.
   */
  readStack(positions: Uint32Array): number;
  /** Takes the receiver out; the guest runs on, counting. */
  close(): void;
}

/** What the rewriter exports for us. */
interface Ports {
  readonly countdown: WebAssembly.Global;
  readonly probe: WebAssembly.Global;
  readonly block: WebAssembly.Global;
  /** Of modules with a shadow stack. */
  readonly depth: WebAssembly.Global | undefined;
  /** Of modules with stacks of Go's. */
  readonly stackPointer: WebAssembly.Global | undefined;
  readonly hooks: WebAssembly.Table;
  readonly memory: WebAssembly.Memory;
  readonly reserve: () => number;
}

/** A counter of the probe table that has been here stays: it no longer knows how many there are. */
const SATURATED = 255;

/**
 * Opens the hooks of an instance for one receiver, which takes the place of the one before;
 * undefined when nothing is hooked. Throws `GUEST_INVALID` if the instance is not of the module
 * that `description` describes.
 */
export function openHooks(
  instance: WebAssembly.Instance,
  description: HookDescription,
  receiver: HookReceiver,
): Hooks | undefined {
  if (description.hooked.length === 0) return undefined;
  return new InstanceHooks(findPorts(instance, description), receiver, description.goCalls);
}

function findPorts({ exports }: WebAssembly.Instance, { stacks }: HookDescription): Ports {
  const find = (name: string) => exports[EXPORT_PREFIX + name];
  const ports = {
    countdown: find("countdown"),
    probe: find("probe"),
    block: find("block"),
    hooks: find("hooks"),
    memory: find("memory"),
    reserve: find("reserve"),
  };
  const depth = find("depth");
  const stackPointer = find("sp");
  const isWhole = Object.values(ports).every((port) => port !== undefined);
  const hasStacks =
    (depth !== undefined) === (stacks === "shadow") &&
    (stackPointer !== undefined) === (stacks === "go");
  if (!isWhole || !hasStacks) {
    throw new MonitorError(
      "GUEST_INVALID",
      "this instance is not of the module that was instrumented: instantiate the bytes that " +
        "instrument() returned",
    );
  }
  return { ...ports, depth, stackPointer } as unknown as Ports;
}

class InstanceHooks implements Hooks {
  unwatched = 0;
  readonly #ports: Ports;
  readonly #wasm: WasmHooks;
  /** The probe table; of length 0 while there is none, and when the memory has grown. */
  #table = new Uint8Array();
  #frames = new Uint32Array();
  /** Read when a stack is first wanted: there may be many. */
  #go: GoCalls | undefined;
  /** The countdown that was asked for while the shadow stack still waits for its memory. */
  #pending: number | undefined;

  constructor(
    ports: Ports,
    receiver: HookReceiver,
    private readonly goCalls = "",
  ) {
    this.#ports = ports;
    this.#wasm = wrapHooks(
      (address, byteCount) => this.#allocated(receiver, address >>> 0, byteCount >>> 0),
      (address) => {
        // free(0) is legal, and may hit a slot that is taken.
        if (address !== 0) receiver.freed(address >>> 0);
      },
    );
    ports.hooks.set(SLOT.allocated, this.#wasm.allocated);
    ports.hooks.set(SLOT.freed, this.#wasm.freed);
    // What was watched by another receiver.
    if (ports.block.value !== 0) this.#findTable()?.fill(0);
  }

  get countdown(): number {
    return this.#pending ?? (this.#ports.countdown.value as number);
  }

  set countdown(words: number) {
    const { depth, block, countdown } = this.#ports;
    const bounded = Math.max(-COUNTDOWN_OFF, Math.min(COUNTDOWN_OFF, words));
    // The first allocation of all makes the shadow stack's memory: it must not be passed over.
    const mustWait = depth !== undefined && block.value === 0;
    this.#pending = mustWait ? bounded : undefined;
    countdown.value = mustWait ? 0 : bounded;
  }

  watch(address: number): void {
    const table = this.#findTable();
    if (!table) {
      this.unwatched++;
      return;
    }
    const slot = slotOf(address);
    const count = table[slot] as number;
    if (count < SATURATED) table[slot] = count + 1;
  }

  unwatch(address: number): void {
    const table = this.#ports.block.value === 0 ? undefined : this.#findTable();
    if (!table) return;
    const slot = slotOf(address);
    const count = table[slot] as number;
    if (count > 0 && count < SATURATED) table[slot] = count - 1;
  }

  readStack(positions: Uint32Array): number {
    const { depth, block, memory, stackPointer } = this.#ports;
    if (stackPointer) {
      this.#go ??= new GoCalls(this.goCalls);
      return this.#go.read(memory.buffer, stackPointer.value as number, positions);
    }
    if (!depth || block.value === 0 || !this.#findTable()) return 0;
    const frames = this.#frames;
    let index = Math.min((depth.value as number) >>> 2, frames.length);
    let count = 0;
    while (index > 0 && count < positions.length) {
      const position = frames[--index] as number;
      // 0: this function has not called anything since there is a stack.
      if (position !== 0) positions[count++] = position;
    }
    return count;
  }

  close(): void {
    const { hooks, probe, countdown } = this.#ports;
    if (hooks.get(SLOT.allocated) !== this.#wasm.allocated) return;
    hooks.set(SLOT.allocated, null);
    hooks.set(SLOT.freed, null);
    probe.value = 0;
    this.#pending = undefined;
    countdown.value = COUNTDOWN_OFF;
  }

  #allocated(receiver: HookReceiver, address: number, byteCount: number): void {
    const pending = this.#pending;
    if (pending !== undefined) {
      const left = pending - Math.ceil(byteCount / 4);
      this.countdown = left;
      if (left > 0) return;
    }
    receiver.allocated(address, byteCount);
  }

  /** The table, in the memory as it is now; undefined if there is no room for it. */
  #findTable(): Uint8Array | undefined {
    // A memory that has grown leaves views of its old buffer empty.
    if (this.#table.length > 0) return this.#table;
    const { reserve, memory, probe, depth } = this.#ports;
    const address = reserve() >>> 0;
    if (address === 0) return undefined;
    this.#table = new Uint8Array(memory.buffer, address, PROBE_BYTES);
    if (depth) {
      this.#frames = new Uint32Array(memory.buffer, address + PROBE_BYTES, SHADOW_BYTES / 4);
    }
    probe.value = address;
    return this.#table;
  }
}

function slotOf(address: number): number {
  return (address >>> 3) & (PROBE_BYTES - 1);
}
