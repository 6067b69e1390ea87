/**
 * A module of a few bytes that turns two functions of JavaScript into functions of wasm, which
 * alone a table takes (there is no `WebAssembly.Function` in Node 20): it imports them and exports
 * them.
 */

/** (type (func (param i32 i32))) (type (func (param i32))), imports and exports `a` and `f`. */
const BYTES = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 10, 2, 0x60, 2, 0x7f, 0x7f, 0, 0x60, 1, 0x7f, 0],
  ...[2, 11, 2, 0, 1, 0x61, 0, 0, 0, 1, 0x66, 0, 1],
  ...[7, 9, 2, 1, 0x61, 0, 0, 1, 0x66, 0, 1],
);

let compiled: WebAssembly.Module | undefined;

/** The two hooks as functions of wasm. */
export interface WasmHooks {
  readonly allocated: unknown;
  readonly freed: unknown;
}

/** Makes functions of wasm that call these; their numbers arrive signed. */
export function wrapHooks(
  allocated: (address: number, byteCount: number) => void,
  freed: (address: number) => void,
): WasmHooks {
  compiled ??= new WebAssembly.Module(BYTES);
  const { exports } = new WebAssembly.Instance(compiled, { "": { a: allocated, f: freed } });
  return { allocated: exports.a, freed: exports.f };
}
