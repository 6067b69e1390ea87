/**
 * The edge entry as TypeScript users see it, without Node's types: in a service worker's world, and
 * in a page's.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./wmon.js";

const entry = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../host/edge/${name}.js`, import.meta.url)));

/** What is not there is no option and no method: each such line is an error, or tsc complains. */
const PROGRAM = `
import { createEdgeMonitor, type EdgeMonitor } from ${entry("index")};
import { push } from ${entry("push")};
import { serve, type Serving } from ${entry("serve")};
declare const module: WebAssembly.Module;
const monitor: EdgeMonitor & Serving = createEdgeMonitor({
  module,
  serve: serve(),
  push: push("http://h/write?db=x"),
});
monitor.counter({ name: "greetings", help: "Greetings sent." }).inc();
export default { fetch: (request: Request): Promise<Response> => monitor.fetch(request) };
const pushing = createEdgeMonitor({ module, push: push(["http://h/write?db=x"]) });
export const flushed: Promise<boolean> = pushing.flush();
// @ts-expect-error no serve, no fetch
pushing.fetch(new Request("http://h/metrics"));
// @ts-expect-error no push, no flush
createEdgeMonitor({ module, serve: serve() }).flush();
// @ts-expect-error a URL is no wire
createEdgeMonitor({ module, push: "http://h/write?db=x" });
// @ts-expect-error no control port
createEdgeMonitor({ module, control: "tcp:127.0.0.1:2323" });
// @ts-expect-error no scrape port
createEdgeMonitor({ module, prometheus: "9090" });
// @ts-expect-error no trace port
createEdgeMonitor({ module, memtrace: "4242" });
// @ts-expect-error no listener later either
monitor.openControl("9090");
`;

for (const lib of ["webworker", "dom,dom.iterable"]) {
  test(`edge: a program type-checks with ${lib} alone, and has no listeners`, (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
    writeFileSync(`${folder}/user.ts`, PROGRAM);
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"];
    const types = ["--lib", `es2022,${lib}`, "--types", ""];
    const tsc = resolve("node_modules/.bin/tsc");
    execFileSync(tsc, [...options, ...types, "user.ts"], { cwd: folder, encoding: "utf8" });
  });
}
