/**
 * Runtimes that are handed a script: workerd under Miniflare, edge-runtime's virtual machine, and
 * Chromium. Each gets its fixture as one bundle, and the wasm as its users would give it.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { ROOT } from "../guests/guest.js";
import { openChromium, openPage } from "../peers/chromium.js";
import { bundleFixture } from "./bundle.js";
import { FOLDER, findInPackage } from "./installation.js";
import type { ServedFile } from "./receiver.js";
import { WASI_MODULE } from "./wasi-module.js";
import type { ModuleName, Report, WorldFacts } from "./world.js";

/** Where each module is. */
const FILES: Readonly<Record<ModuleName, string>> = {
  monitor: `${ROOT}build/monitor.wasm`,
  memtrace: `${ROOT}build/memtrace.wasm`,
  increments: `${ROOT}build/guests/increments.wasm`,
  actor: `${ROOT}build/guests/actor.wasm`,
  wasi: WASI_MODULE,
};
const CHURN = `${ROOT}build/guests/as-churn.wasm`;
const NAMES = Object.keys(FILES) as ModuleName[];

/** Since when workers have what the edge monitor uses; older dates do as well. */
const COMPATIBILITY_DATE = "2026-04-01";

/** What of Miniflare is used; its own types need the package, which users may not have. */
export interface Worker {
  /** Resolves when it runs. */
  readonly ready: Promise<URL>;
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>;
  /** To run its cron trigger. */
  getWorker(): Promise<{ scheduled(event: { cron: string }): Promise<{ outcome: string }> }>;
  dispose(): Promise<void>;
}

/** Opens a worker of a module script. To be disposed of by the caller. */
export async function openWorker(
  script: string,
  bindings: Readonly<Record<string, unknown>> = {},
  options: Readonly<Record<string, unknown>> = {},
): Promise<Worker> {
  const { Miniflare } = await loadPackage("miniflare");
  const wasm = NAMES.map((name) => ({
    type: "CompiledWasm",
    path: `${ROOT}${name}.wasm`,
    contents: readFileSync(FILES[name]),
  }));
  const data = { type: "Data", path: `${ROOT}core.bin`, contents: readFileSync(FILES.monitor) };
  const main = { type: "ESModule", path: `${ROOT}main.js`, contents: script };
  return new Miniflare({
    cf: false,
    compatibilityDate: COMPATIBILITY_DATE,
    modulesRoot: ROOT,
    modules: [main, data, ...wasm],
    bindings,
    ...options,
  });
}

/** Runs the behaviours in workerd. */
export async function runWorkerd(facts: WorldFacts): Promise<Report> {
  const { version } = readPackage("workerd");
  const worker = await openWorker(await bundleFixture("worker"), { VERSION: version });
  try {
    const init = { method: "POST", body: JSON.stringify(facts) };
    const answer = await worker.dispatchFetch("http://worker/", init);
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as Report;
  } finally {
    await worker.dispose();
  }
}

/** Runs the behaviours in edge-runtime. */
export async function runEdgeRuntime(facts: WorldFacts): Promise<Report> {
  const { EdgeVM } = await loadPackage("@edge-runtime/vm");
  const { version } = readPackage("@edge-runtime/vm");
  const vm = new EdgeVM({ initialCode: await bundleFixture("edge") });
  const files = Object.entries({ ...FILES, churn: CHURN });
  const bytes = Object.fromEntries(files.map(([name, path]) => [name, readFileSync(path)]));
  return vm.context.runFixture({ facts, bytes, version });
}

/** What the browser fetches; the page is `/`. */
export async function browserFiles(): Promise<Readonly<Record<string, ServedFile>>> {
  const script = (body: string) => ({ type: "text/javascript", body });
  const wasm = Object.entries({ ...FILES, churn: CHURN }).map(
    ([name, path]): [string, ServedFile] => [
      `/${name}.wasm`,
      { type: "application/wasm", body: readFileSync(path) },
    ],
  );
  return {
    "/": { type: "text/html", body: '<!doctype html><script src="/page.js"></script>' },
    "/page.js": script(await bundleFixture("page")),
    "/service-worker.js": script(await bundleFixture("service-worker")),
    ...Object.fromEntries(wasm),
  };
}

/** Runs the behaviours in Chromium, on a page that the receiver serves. */
export async function runBrowser(facts: WorldFacts): Promise<Report> {
  const browser = await openChromium();
  try {
    const { page } = await openPage(browser, new URL("/", facts.origin), { offline: false });
    return await page.evaluate(
      (given) =>
        (globalThis as unknown as { runFixture(facts: WorldFacts): Promise<Report> }).runFixture(
          given,
        ),
      facts,
    );
  } finally {
    await browser.close();
  }
}

/** Whether a package of this folder is installed. */
export function hasPackage(name: string): boolean {
  return findInPackage(name, "package.json") !== undefined;
}

function readPackage(name: string): { readonly version: string } {
  return JSON.parse(readFileSync(`${FOLDER}/node_modules/${name}/package.json`, "utf8"));
}

/** Imports a package of this folder, which the repository itself does not depend on. */
// biome-ignore lint/suspicious/noExplicitAny: its types are not installed with the repository
export async function loadPackage(name: string): Promise<any> {
  const path = createRequire(`${FOLDER}/package.json`).resolve(name);
  return import(pathToFileURL(path).href);
}
