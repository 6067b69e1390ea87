/**
 * A guest with the functions of a C allocator, as wasi-libc divides them up, and a receiver that
 * writes down what its hooks say.
 */
import { type CompilerOptions, compileString } from "assemblyscript/asc";
import binaryen from "binaryen";
import type { HookDescription } from "../../host/instrument/description.js";
import { type Hooks, openHooks } from "../../host/instrument/hooks.js";
import { instrument } from "../../host/instrument/instrument.js";

/** Blocks above this cannot be had. */
export const BLOCK_MAX = 400_000;

/** Each block has its size in the 4 bytes before it; memory is never used again. */
const ALLOCATOR = `
  (memory 32)
  (global $top (mut i32) (i32.const 1040))
  (func $dlmalloc (param $bytes i32) (result i32) (local $block i32)
    (if (i32.gt_u (local.get $bytes) (i32.const ${BLOCK_MAX})) (then (return (i32.const 0))))
    (local.set $block (global.get $top))
    (global.set $top (i32.and (i32.const -16)
      (i32.add (global.get $top) (i32.add (local.get $bytes) (i32.const 31)))))
    (i32.store (i32.sub (local.get $block) (i32.const 4)) (local.get $bytes))
    (local.get $block))
  (func $dlfree (param $block i32)
    (i32.store (i32.sub (local.get $block) (i32.const 4)) (i32.const 0)))
  (func $internal_memalign (param $align i32) (param $bytes i32) (result i32)
    (i32.and (i32.sub (i32.const 0) (local.get $align))
      (i32.add (local.get $align)
        (call $dlmalloc (i32.add (local.get $bytes) (local.get $align))))))
  (func $malloc (param i32) (result i32) (call $dlmalloc (local.get 0)))
  (func $free (param i32) (if (local.get 0) (then (call $dlfree (local.get 0)))))
  (func $calloc (param i32 i32) (result i32)
    (call $dlmalloc (i32.mul (local.get 0) (local.get 1))))
  (func $realloc (param $block i32) (param $bytes i32) (result i32) (local $copy i32)
    (if (i32.and (local.get $block) (i32.eqz (local.get $bytes)))
      (then (call $dlfree (local.get $block)) (return (i32.const 0))))
    (if (local.get $block) (then
      (if (i32.le_u (local.get $bytes)
          (i32.load (i32.sub (local.get $block) (i32.const 4))))
        (then (return (local.get $block))))))
    (local.set $copy (call $dlmalloc (local.get $bytes)))
    (if (i32.and (i32.ne (local.get $copy) (i32.const 0))
        (i32.ne (local.get $block) (i32.const 0)))
      (then (call $dlfree (local.get $block))))
    (local.get $copy))
  (func $aligned_alloc (param i32 i32) (result i32)
    (call $internal_memalign (local.get 0) (local.get 1)))
  (func $posix_memalign (param $out i32) (param i32 i32) (result i32)
    (if (i32.gt_u (local.get 2) (i32.const ${BLOCK_MAX})) (then (return (i32.const 12))))
    (i32.store (local.get $out) (call $internal_memalign (local.get 1) (local.get 2)))
    (i32.const 0))`;

/** Calls of the allocator from outside of it; under its own names they would be hooked. */
const CALLS = `
  (func (export "call malloc") (param i32) (result i32) (call $malloc (local.get 0)))
  (func (export "call free") (param i32) (call $free (local.get 0)))
  (func (export "call calloc") (param i32 i32) (result i32)
    (call $calloc (local.get 0) (local.get 1)))
  (func (export "call realloc") (param i32 i32) (result i32)
    (call $realloc (local.get 0) (local.get 1)))
  (func (export "call aligned_alloc") (param i32 i32) (result i32)
    (call $aligned_alloc (local.get 0) (local.get 1)))
  (func (export "call posix_memalign") (param i32) (result i32)
    (drop (call $posix_memalign (i32.const 16) (i32.const 64) (local.get 0)))
    (i32.load (i32.const 16)))`;

/** The functions that `CALLS` exports. */
export interface Allocator {
  malloc(byteCount: number): number;
  free(block: number): void;
  calloc(count: number, byteCount: number): number;
  realloc(block: number, byteCount: number): number;
  aligned_alloc(align: number, byteCount: number): number;
  posix_memalign(byteCount: number): number;
}

/** The allocator of an instance, called from outside of it. */
export function allocatorOf({ exports }: WebAssembly.Instance): Allocator {
  const named = Object.entries(exports).map(([name, value]) => [name.replace("call ", ""), value]);
  return Object.fromEntries(named) as Allocator;
}

/** Assembles a module with the allocator and `rest`, every feature of V8's on, names kept. */
export function allocatorGuest(rest = CALLS, before = ""): Uint8Array {
  return assembleAll(`(module ${before} ${ALLOCATOR} ${rest})`);
}

/** Assembles text with the features that Node 20 runs. */
export function assembleAll(text: string): Uint8Array {
  const { Features } = binaryen;
  binaryen.setDebugInfo(true);
  const module = binaryen.parseText(text);
  module.setFeatures(Features.All & ~Features.GC & ~Features.Memory64 & ~Features.MultiMemory);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

/** Options of `asc`; its own type lacks some. */
export interface BuildOptions extends CompilerOptions {
  readonly exportRuntime?: boolean;
}

/** Compiles AssemblyScript, with names unless the options say otherwise. */
export async function compileAssembly(source: string, options: BuildOptions): Promise<Uint8Array> {
  const { binary, stderr } = await compileString(source, { debug: true, ...options });
  if (!binary) throw new Error(stderr.toString());
  return binary;
}

/** What the hooks of an instance say, with a sampling rate of 1. */
export class Ledger {
  /** `+bytes` for each block, `-bytes` for each that is freed, `!bytes` for a failure. */
  readonly lines: string[] = [];
  readonly live = new Map<number, number>();
  /** Blocks at whose address another one began before their end was told. */
  lost = 0;
  /** Called at each block. */
  onBlock: () => void = () => {};
  readonly hooks: Hooks;

  constructor(instance: WebAssembly.Instance, description: HookDescription) {
    const hooks = openHooks(instance, description, {
      allocated: (address, byteCount) => this.#allocated(address, byteCount),
      freed: (address) => this.#freed(address),
    });
    if (!hooks) throw new Error("nothing is hooked");
    this.hooks = hooks;
    hooks.countdown = 1;
  }

  /** The lines since it was last asked, in one. */
  take(): string {
    return this.lines.splice(0).join(" ");
  }

  get liveBytes(): number {
    return [...this.live.values()].reduce((sum, byteCount) => sum + byteCount, 0);
  }

  #allocated(address: number, byteCount: number): void {
    this.hooks.countdown = 1;
    this.lines.push(address === 0 ? `!${byteCount}` : `+${byteCount}`);
    if (address === 0) return;
    if (this.live.has(address)) this.lost++;
    this.live.set(address, byteCount);
    this.hooks.watch(address);
    this.onBlock();
  }

  #freed(address: number): void {
    const byteCount = this.live.get(address);
    if (byteCount === undefined) return;
    this.live.delete(address);
    this.hooks.unwatch(address);
    this.lines.push(`-${byteCount}`);
  }
}

/** An instance of the instrumented module and its ledger. */
export function openGuest(
  bytes: Uint8Array,
  {
    stacks = "engine",
    imports = {},
  }: { stacks?: "engine" | "shadow"; imports?: WebAssembly.Imports } = {},
) {
  const made = instrument(bytes, { stacks });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(made.bytes), imports);
  return { ...made, instance, ledger: new Ledger(instance, made.description) };
}
