/**
 * The guest library as a user's project sees it: imported from the package, with each runtime.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { main as asc } from "assemblyscript/asc";
import { temporaryFolder } from "../host/wmon.js";
import { ROOT } from "./guest.js";

const PROGRAM = `
import { Counter } from "wasm-monitoring/assembly/guest";
const requests = new Counter("http_requests_total", "Requests served.", ["method"]);
requests.labels(["GET"]).inc();
`;

for (const runtime of ["incremental", "minimal", "stub"]) {
  test(`a project compiles with runtime ${runtime}, and imports what it uses only`, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(`${folder}/node_modules`);
    symlinkSync(ROOT, `${folder}/node_modules/wasm-monitoring`, "dir");
    writeFileSync(`${folder}/app.ts`, PROGRAM);
    const options = ["--baseDir", folder, "--runtime", runtime, "--exportStart", "_start"];
    const { error, stderr } = await asc([
      "app.ts",
      ...options,
      "--use",
      "abort=",
      "-O3",
      "--outFile",
      "app.wasm",
    ]);
    assert.equal(error, null, stderr.toString());
    const module = new WebAssembly.Module(readFileSync(`${folder}/app.wasm`));
    const imports = WebAssembly.Module.imports(module).map((entry) => [entry.module, entry.name]);
    assert.deepEqual(imports.map((pair) => pair.join(".")).sort(), [
      "monitor.counter_add",
      "monitor.series",
      "monitor.source",
    ]);
  });
}
