/**
 * Calls in code of Go's compiler for wasm (cmd/internal/obj/wasm/wasmobj.go of Go 1.21 to 1.26):
 * before each call the address to return to is stored on Go's own stack, as a constant. It is the
 * function's number times 65,536 plus the number of the block that goes on after the call.
 */

/** What a function's number is larger than its index behind the imported ones. */
export const FUNCTION_BASE = 0x1000;
/** Blocks of a function: what a function's number is multiplied by. */
export const BLOCKS = 0x1_0000;

/** A call: where its opcode is in the file, and the block that follows it. */
export interface GoCall {
  readonly position: number;
  readonly block: number;
}

/** `i64.store` of a return address: the opcode, the alignment, the offset. */
const STORE: readonly number[] = [0x37, 3, 0];
/** From the store to the call's opcode: call, call of a normal function, call by address. */
const DISTANCES = [3, 5, 13] as const;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const I64_CONST = 0x42;
const LEB_BYTES_MAX = 8;

/** The calls in a body that return to the function of this number, in order. */
export function* listCalls(
  bytes: Uint8Array,
  body: { readonly begin: number; readonly until: number },
  functionNumber: number,
): Generator<GoCall> {
  let at = bytes.indexOf(0x37, body.begin);
  for (; at >= 0 && at < body.until; at = bytes.indexOf(0x37, at + 1)) {
    const distance = DISTANCES.find((each) => isCallBehind(bytes, at, each));
    const address = distance && returnAddressAt(bytes, at);
    if (!address || Math.floor(address / BLOCKS) !== functionNumber) continue;
    yield { position: at + distance, block: address % BLOCKS };
  }
}

/** The return address of the call whose opcode is at `position`; undefined for any other code. */
export function returnAddressOf(bytes: Uint8Array, position: number): number | undefined {
  const distance = DISTANCES.find((each) => isCallBehind(bytes, position - each, each));
  return distance && returnAddressAt(bytes, position - distance);
}

function isCallBehind(bytes: Uint8Array, store: number, distance: number): boolean {
  if (!STORE.every((byte, index) => bytes[store + index] === byte)) return false;
  const opcode = bytes[store + distance];
  if (distance === 3) return opcode === CALL;
  // The called function's own block: `i32.const 0`.
  if (distance === 5) return opcode === CALL && bytes[store + 3] === 0x41;
  return opcode === CALL_INDIRECT && bytes[store + 5] === 0x88;
}

/** The constant that ends where a store begins; undefined if there is none. */
function returnAddressAt(bytes: Uint8Array, store: number): number | undefined {
  let first = store - 1;
  if ((bytes[first] as number) >= 128) return undefined;
  while (first > store - LEB_BYTES_MAX && (bytes[first - 1] as number) >= 128) first--;
  if (bytes[first - 1] !== I64_CONST) return undefined;
  let value = 0;
  for (let at = store - 1; at >= first; at--) value = value * 128 + ((bytes[at] as number) & 127);
  return value;
}
