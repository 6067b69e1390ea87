/**
 * What a guest pays for being linked with its monitor: the same allocation-heavy loop as it is and
 * in an image that pushes nothing, in turn, in one process.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import binaryen from "binaryen";
import { linkGuest } from "../../host/link/link.js";
import { traceGuest } from "../../host/link/traced.js";
import { guestPath, ROOT } from "../guests/guest.js";
import { compareClosely } from "./measure.js";
import { type Result, type Row, UNTOUCHED } from "./row.js";

type Churn = (count: number) => number;

/** Differences of a few per cent need many short rounds: most are left alone by the machine. */
const ROUNDS = { rounds: 101, roundMs: 4 };
const WARM_UP_CALLS = 200;
/** How often both are compiled anew; the edition in the middle counts. */
const EDITIONS = 5;

/** Fails as a runtime would that has no files: no variables, no directories. */
const ENOSYS = 52;

/** The ratio of linked to untouched; with `isTraced`, of an image that could trace its memory. */
async function compare(guest: string, isTraced: boolean): Promise<Result> {
  assert.ok(existsSync(guestPath(guest)), `${guest} is not built: npm run peers`);
  const command = asCommand(readFileSync(guestPath(guest)));
  const image = isTraced ? await linkTraced(command) : linkPlain(command);
  const results: Result[] = [];
  for (let edition = 0; edition < EDITIONS; edition++) {
    results.push(await compareEdition(withEdition(image, edition), withEdition(command, edition)));
  }
  const overhead = ({ ours, peer = Number.NaN }: Result) => ours / peer;
  results.sort((one, other) => overhead(one) - overhead(other));
  return results[EDITIONS >> 1] as Result;
}

function linkPlain(command: Uint8Array): Uint8Array {
  return linkGuest(command, readFileSync(`${ROOT}build/link.wasm`));
}

async function linkTraced(command: Uint8Array): Promise<Uint8Array> {
  const { bytes, places } = await traceGuest(command, { name: "churn" });
  return linkGuest(bytes, readFileSync(`${ROOT}build/link-memtrace.wasm`), places);
}

async function compareEdition(image: Uint8Array, command: Uint8Array): Promise<Result> {
  const linked = startChurn(image);
  const untouched = startChurn(command);
  for (let call = 0; call < WARM_UP_CALLS; call++) assert.equal(linked(10), untouched(10));
  const { oursNs, peerNs } = await compareClosely(
    (count) => void linked(count),
    (count) => void untouched(count),
    ROUNDS,
  );
  return { ours: oursNs, peer: peerNs };
}

/** A library's `_initialize` as a command's `_start`, so that it can be linked. */
function asCommand(bytes: Uint8Array): Uint8Array {
  // Allocators are found by their names.
  binaryen.setDebugInfo(true);
  const module = binaryen.readBinary(bytes);
  const { value } = binaryen.getExportInfo(module.getExport("_initialize"));
  module.removeExport("_initialize");
  module.addFunctionExport(value, "_start");
  const command = module.emitBinary();
  module.dispose();
  return command;
}

/** Runs `_start`; the loop that a guest exports beside it. */
function startChurn(bytes: Uint8Array): Churn {
  const functions = new Proxy({}, { get: () => () => ENOSYS });
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const names = [...new Set(WebAssembly.Module.imports(module).map(({ module }) => module))];
  const imports = Object.fromEntries(names.map((name) => [name, functions]));
  const { exports } = new WebAssembly.Instance(module, imports);
  (exports._start as () => void)();
  return exports.churn as Churn;
}

/** Appends an empty custom section: the engine keeps code by the bytes. */
function withEdition(bytes: Uint8Array, edition: number): Uint8Array {
  const name = new TextEncoder().encode(`edition ${edition}`);
  return Uint8Array.from([...bytes, 0, name.length + 1, name.length, ...name]);
}

const row = (language: string, isTraced: boolean): Row => ({
  name: `link_${isTraced ? "memtrace_" : ""}off_overhead_${language}`,
  peer: UNTOUCHED,
  overheadMax: 10,
  run: () => compare(language === "c" ? "c-churn" : "as-churn", isTraced),
});

export const LINK_ROWS: readonly Row[] = [
  row("c", false),
  row("assemblyscript", false),
  row("c", true),
  row("assemblyscript", true),
];
