/**
 * The calls of a program that Go's compiler made, by the address that each returns to, with the
 * bytes of the frame that it is made from: all that it takes to read Go's own stack, of which the
 * engine's shows the innermost end only once a goroutine has been switched or its stack has grown.
 */
import { BLOCKS, FUNCTION_BASE, listCalls } from "../symbols/go/call.js";
import type { Pclntab } from "../symbols/go/pclntab.js";
import { u32 } from "./assembler.js";
import type { GuestModule } from "./module.js";
import { Reader } from "./reader.js";

/** Bytes of a return address on the stack. */
const ADDRESS_BYTES = 8;
/** In the lowest bit of a frame's bytes, which are a multiple of 8: a stack begins with it. */
const TOP = 1;

/**
 * All calls as base64 of LEB128 numbers: for each function the difference to the last one's number,
 * the bytes of its frame with `TOP`, how many calls, and of each the differences of its block and
 * of its position to the last one's. Undefined if there are none.
 */
export function encodeCalls(module: GuestModule, table: Pclntab): string | undefined {
  const bytes: number[] = [];
  let lastNumber = 0;
  let lastPosition = 0;
  for (const [index, body] of module.bodies.entries()) {
    const number = index + FUNCTION_BASE;
    // In order of their blocks as well, as the compiler numbers them.
    const calls = [...listCalls(module.bytes, body, number)];
    if (calls.length === 0) continue;
    const frame = table.frameBytesOf(number) + (table.isTop(number) ? TOP : 0);
    bytes.push(...u32(number - lastNumber), ...u32(frame), ...u32(calls.length));
    lastNumber = number;
    let lastBlock = 0;
    for (const { block, position } of calls) {
      bytes.push(...u32((block - lastBlock + BLOCKS) % BLOCKS), ...u32(position - lastPosition));
      lastBlock = block;
      lastPosition = position;
    }
  }
  if (bytes.length === 0) return undefined;
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Reads Go's own stack. */
export class GoCalls {
  /** Return addresses, ascending; of the same index where the call is, and its frame's bytes. */
  readonly #addresses: Float64Array;
  readonly #positions: Uint32Array;
  readonly #frames: Uint32Array;

  /** Throws `GUEST_INVALID` for what `encodeCalls` has not written. */
  constructor(encoded: string) {
    const reader = new Reader(Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0)));
    const calls: (readonly [address: number, position: number, frame: number])[] = [];
    let number = 0;
    let position = 0;
    while (!reader.isDone) {
      number += reader.u32();
      const frame = reader.u32();
      let block = 0;
      for (let count = reader.count(); count > 0; count--) {
        block = (block + reader.u32()) % BLOCKS;
        position += reader.u32();
        calls.push([number * BLOCKS + block, position, frame]);
      }
    }
    calls.sort(([left], [right]) => left - right);
    this.#addresses = Float64Array.from(calls, ([address]) => address);
    this.#positions = Uint32Array.from(calls, ([, where]) => where);
    this.#frames = Uint32Array.from(calls, ([, , frame]) => frame);
  }

  /**
   * Copies where the calls on a stack are, innermost first; returns how many. `stackPointer` is
   * that of a function that has just been entered: the address of its return address. Ends at what
   * a stack begins with, and at what is no return address.
   */
  read(memory: ArrayBufferLike, stackPointer: number, positions: Uint32Array): number {
    const words = new Uint32Array(memory, 0, memory.byteLength >>> 2);
    let at = stackPointer;
    let count = 0;
    while (count < positions.length) {
      const [low, high] = [words[at >>> 2], words[(at >>> 2) + 1]];
      if (low === undefined || high === undefined) break;
      const index = this.#find(high * 2 ** 32 + low);
      if (index < 0) break;
      positions[count++] = this.#positions[index] as number;
      const frame = this.#frames[index] as number;
      if (frame & TOP) break;
      at += ADDRESS_BYTES + frame;
    }
    return count;
  }

  #find(address: number): number {
    const addresses = this.#addresses;
    let low = 0;
    let high = addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((addresses[middle] as number) < address) low = middle + 1;
      else high = middle;
    }
    return addresses[low] === address ? low : -1;
  }
}
