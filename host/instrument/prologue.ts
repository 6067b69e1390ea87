/**
 * The code that hooks allocators: a countdown at the entry of what allocates, a probe at the entry
 * of what frees, and the slow paths that call a copy of the original body and then the host.
 */
import {
  allParams,
  call,
  code,
  constant,
  either,
  functionBody,
  getGlobal,
  getLocal,
  load,
  loadByte,
  OP,
  setGlobal,
  setLocal,
  teeLocal,
  when,
} from "./assembler.js";
import type { Hook } from "./discovery.js";
import { I32 } from "./module.js";
import { PROBE_BYTES, type Runtime } from "./runtime.js";

/** AssemblyScript: where an object's bytes stand, before its address. */
const RT_SIZE = 4;

/** What stands at the entry of a hooked function that frees. */
export function freePrologue(hook: Hook, runtime: Runtime): number[] {
  const address = keyOf(hook, getLocal(blockParam(hook)));
  return code(
    getGlobal(runtime.probe),
    when(probe(address, runtime), when(address, call(runtime.freed))),
  );
}

/** What stands at the entry of one that allocates; `spare` is a local of type i32. */
export function allocatePrologue(
  hook: Hook,
  runtime: Runtime,
  target: { readonly spare: number; readonly slow: number },
): number[] {
  const { spare, slow } = target;
  return code(
    countDown(bytesOf(hook), runtime),
    teeLocal(spare),
    setGlobal(runtime.countdown),
    getLocal(spare),
    constant(0),
    OP.leS,
    hook.allocator.role === "reallocate" ? orProbed(hook, runtime) : [],
    when(allParams(hook.type.params.length), call(slow), OP.return),
  );
}

/** A block that is watched takes the slow path as well when it is enlarged. */
function orProbed(hook: Hook, runtime: Runtime): number[] {
  const address = keyOf(hook, getLocal(blockParam(hook)));
  const probed = either(I32, probe(address, runtime), constant(0));
  return code(getGlobal(runtime.probe), probed, OP.or);
}

/** Calls the copy, then the host: with the freed block if there was one, and the new one. */
export function slowPath(hook: Hook, runtime: Runtime, copy: number): number[] {
  const result = hook.type.params.length;
  const isAsked = code(getGlobal(runtime.countdown), constant(0), OP.leS);
  const notify = code(addressOf(hook, result), bytesOf(hook), call(runtime.notify));
  return functionBody(
    1,
    allParams(result),
    call(copy),
    setLocal(result),
    hook.allocator.role === "reallocate" ? tellFreed(hook, runtime, result) : [],
    isAsked,
    when(notify),
    getLocal(result),
  );
}

/** The old block is gone if there is a new one, or if it was made 0 bytes long. */
function tellFreed(hook: Hook, runtime: Runtime, result: number): number[] {
  const block = getLocal(blockParam(hook));
  const isDone = code(getLocal(result), constant(0), OP.ne, bytesOf(hook), OP.eqz, OP.or);
  return code(isDone, when(block, when(keyOf(hook, block), call(runtime.freed))));
}

/** The whole body of an allocator whose bytes are known only when it has returned. */
export function headerBody(hook: Hook, runtime: Runtime, copy: number): number[] {
  const result = hook.type.params.length;
  const bytes = code(getLocal(result), constant(RT_SIZE), OP.sub, load());
  return functionBody(
    1,
    allParams(result),
    call(copy),
    setLocal(result),
    countDown(bytes, runtime),
    setGlobal(runtime.countdown),
    getGlobal(runtime.countdown),
    constant(0),
    OP.leS,
    when(getLocal(result), bytes, call(runtime.notify)),
    getLocal(result),
  );
}

/**
 * The countdown minus the words of `bytes`. What wraps around here is too large to be allocated.
 */
export function countDown(bytes: number[], { countdown }: Runtime): number[] {
  const words = code(bytes, constant(3), OP.add, constant(2), OP.shrU);
  return code(getGlobal(countdown), words, OP.sub);
}

/** The bytes that the program asks for. */
function bytesOf({ allocator, type }: Hook): number[] {
  const [first, second] = allocator.bytes.map((param) =>
    getLocal(param < 0 ? param + type.params.length : param),
  );
  if (!first) return constant(0);
  const header = allocator.headerBytes ?? 0;
  if (header > 0) return code(first, constant(header), OP.sub);
  return second ? code(first, second, OP.mul) : first;
}

/** The address that a copy returned or stored, 0 if it failed. */
function addressOf(hook: Hook, result: number): number[] {
  const { out, offset = 0 } = hook.allocator;
  if (out !== undefined) {
    const stored = code(getLocal(out), load());
    return code(getLocal(result), either(I32, constant(0), stored));
  }
  if (offset === 0) return getLocal(result);
  return code(getLocal(result), either(I32, keyOf(hook, getLocal(result)), constant(0)));
}

/** From what the function takes or returns to the address under which the block is known. */
function keyOf({ allocator: { offset = 0 } }: Hook, pointer: number[]): number[] {
  return offset === 0 ? pointer : code(pointer, constant(offset), OP.add);
}

function blockParam({ allocator: { block = 0 }, type }: Hook): number {
  return block < 0 ? block + type.params.length : block;
}

/** The counter of an address; the probe table is there. */
function probe(address: number[], runtime: Runtime): number[] {
  const index = code(address, constant(3), OP.shrU, constant(PROBE_BYTES - 1), OP.and);
  return code(index, getGlobal(runtime.probe), OP.add, loadByte());
}
