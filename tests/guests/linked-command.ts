/**
 * Runs a linked image under `node:wasi`, in Node or Deno: FILE DIRECTORY [NAME=VALUE…] -- [ARGS…].
 * The image sees DIRECTORY as `/monitor`.
 */
import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const [file = "", directory = "", ...rest] = process.argv.slice(2);
const separatorAt = rest.indexOf("--");
const wasi = new WASI({
  version: "preview1",
  args: ["guest.wasm", ...rest.slice(separatorAt + 1)],
  env: Object.fromEntries(rest.slice(0, separatorAt).map(splitVariable)),
  preopens: { "/monitor": directory },
  returnOnExit: true,
});
// Called from wasm without JavaScript in between, Node 20's functions crash: such a call must not
// collect garbage, but makes a view of memory that has grown.
const functions = Object.entries(wasi.wasiImport as Record<string, (...values: never[]) => number>);
const wrapped = functions.map(([name, call]) => [name, (...values: never[]) => call(...values)]);
const module = new WebAssembly.Module(readFileSync(file));
const instance = new WebAssembly.Instance(module, {
  wasi_snapshot_preview1: Object.fromEntries(wrapped),
});
process.exitCode = wasi.start(instance);

function splitVariable(text: string): [string, string] {
  const equalsAt = text.indexOf("=");
  return [text.slice(0, equalsAt), text.slice(equalsAt + 1)];
}
