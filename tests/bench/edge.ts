/**
 * Start-up where runtimes come and go: in workerd the first request, which instantiates the core
 * and flushes to a receiver; elsewhere from the bytes to the first exposition.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { findRuntime } from "../conformance/program.js";
import { openReceiver } from "../conformance/receiver.js";
import { prepare } from "../conformance/runtimes.js";
import { loadPackage, openWorker } from "../conformance/sandboxes.js";
import { ROOT } from "../guests/guest.js";
import { openChromium, openPage } from "../peers/chromium.js";
import { median } from "./measure.js";
import type { Result, Row } from "./row.js";

const ROUNDS = 7;
const NS_PER_MS = 1e6;
const CORE = `${ROOT}build/monitor.wasm`;

/** One push of a counter, with the monitor and without. */
const OURS = `
  import { createEdgeMonitor } from "wasm-monitoring/edge";
  import { push } from "wasm-monitoring/edge/push";
  import module from "./monitor.wasm";
  export default { async fetch(request, env) {
    const monitor = createEdgeMonitor({ module, push: push(env.PUSH_URL) });
    monitor.counter({ name: "jobs_total", help: "Jobs done." }).inc();
    return new Response(String(await monitor.flush()));
  } };
`;
const PEER = `
  export default { async fetch(request, env) {
    const body = "jobs_total counter=1 " + Date.now() + "000000\\n";
    const { ok } = await fetch(env.PUSH_URL, { method: "POST", body });
    return new Response(String(ok));
  } };
`;

export const EDGE_ROWS: readonly Row[] = [
  { name: "edge_cold_start", peer: "fetch", oursMax: 60 * NS_PER_MS, run: coldStart },
  ...["node-20", "node-24", "deno", "bun"].map((name) => ({
    name: `edge_start_${name.replace("-", "_")}`,
    oursMax: 150 * NS_PER_MS,
    run: async () => start(name),
  })),
  { name: "edge_start_edge_runtime", oursMax: 50 * NS_PER_MS, run: startInMachine },
  { name: "edge_start_browser", oursMax: 50 * NS_PER_MS, run: startInBrowser },
];

async function coldStart(): Promise<Result> {
  need();
  const ours: number[] = [];
  const peer: number[] = [];
  const [script, bare] = [await bundle(OURS), await bundle(PEER)];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await firstRequest(script));
    peer.push(await firstRequest(bare));
  }
  return { ours: median(ours), peer: median(peer) };
}

/** Nanoseconds of an isolate's first request. */
async function firstRequest(script: string): Promise<number> {
  const receiver = await openReceiver();
  const worker = await openWorker(script, { PUSH_URL: `${receiver.origin}/write/a?db=x` });
  try {
    await worker.ready;
    const begin = performance.now();
    const answer = await worker.dispatchFetch("http://bench/");
    const text = await answer.text();
    const tookMs = performance.now() - begin;
    if (text !== "true") throw new Error(`the worker answered ${text}`);
    return tookMs * NS_PER_MS;
  } finally {
    await worker.dispose();
    await receiver.close();
  }
}

function start(name: string): Result {
  need();
  const program = findRuntime(name);
  if (program === undefined) throw new Error(`${name} is not installed`);
  const child = fileURLToPath(new URL("./edge-process.js", import.meta.url));
  const args = name === "deno" ? ["run", "-A", "--no-lock", child, CORE] : [child, CORE];
  const rounds = Array.from({ length: ROUNDS }, () =>
    Number(execFileSync(program, args, { encoding: "utf8", cwd: ROOT })),
  );
  return { ours: median(rounds) * NS_PER_MS };
}

async function startInMachine(): Promise<Result> {
  need();
  const { EdgeVM } = await loadPackage("@edge-runtime/vm");
  const script = await bundle(`import ${JSON.stringify(START)};`, "iife");
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const vm = new EdgeVM({});
    const begin = performance.now();
    vm.evaluate(script);
    await vm.context.startEdge(readFileSync(CORE));
    rounds.push(performance.now() - begin);
  }
  return { ours: median(rounds) * NS_PER_MS };
}

const START = fileURLToPath(new URL("./edge-start.js", import.meta.url));

async function startInBrowser(): Promise<Result> {
  const script = await bundle(`import ${JSON.stringify(START)};`, "iife");
  const browser = await openChromium();
  const bytes = [...readFileSync(CORE)];
  const rounds: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const { page } = await openPage(browser, new URL("about:blank"));
      rounds.push(await page.evaluate(MEASURE, { script, bytes }));
      await page.close();
    }
  } finally {
    await browser.close();
  }
  return { ours: median(rounds) * NS_PER_MS };
}

/** In the page: evaluates the script and starts. */
const MEASURE = async ({ script, bytes }: { script: string; bytes: number[] }) => {
  const core = Uint8Array.from(bytes);
  const begin = performance.now();
  // biome-ignore lint/security/noGlobalEval: as a script element does
  globalThis.eval(script);
  const scope = globalThis as unknown as { startEdge: (bytes: Uint8Array) => Promise<number> };
  await scope.startEdge(core);
  return performance.now() - begin;
};

async function bundle(contents: string, format: "esm" | "iife" = "esm"): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    write: false,
    format,
    external: ["./monitor.wasm"],
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

function need(): void {
  const lack = prepare();
  if (lack !== undefined) throw new Error(lack);
}
