/**
 * What holds of the edge monitor, and of what runs beside it.
 */
import { createEdgeMonitor, type EdgeOptions, Level, MonitorError } from "wasm-monitoring/edge";
import { counterSource } from "wasm-monitoring/edge/counter-source";
import { guestImports } from "wasm-monitoring/edge/guest";
import { openMemtrace } from "wasm-monitoring/edge/memtrace";
import { push } from "wasm-monitoring/edge/push";
import { openSandbox } from "wasm-monitoring/edge/sandbox";
import { serve } from "wasm-monitoring/edge/serve";
import { tcp } from "wasm-monitoring/edge/tcp";
import { startChurn } from "./churn.js";
import { expose } from "./exposition.js";
import type { Received } from "./receiver.js";
import { hash } from "./suite.js";
import { type Behaviour, equal, match, type World } from "./world.js";

const TOKEN = "s3cret";
/** One character a byte. */
const latin1 = new TextDecoder("latin1");

export const EDGE_BEHAVIOURS: readonly Behaviour[] = [
  {
    rule: "the core is the package's, byte for byte",
    needs: "edge",
    run: async ({ coreBytes, coreHash }) => equal(await hash(coreBytes), coreHash, "SHA-256"),
  },
  {
    rule: "the core imports nothing",
    needs: "edge",
    run: async ({ modules }) =>
      equal(WebAssembly.Module.imports(modules.monitor).length, 0, "imports"),
  },
  {
    rule: "every instrument is shown byte for byte as on Node",
    needs: "edge",
    run: async ({ modules, exposition }) =>
      equal(expose(modules.monitor), exposition, "exposition"),
  },
  { rule: "commands switch sources and levels", needs: "edge", run: obeyCommands },
  { rule: "messages are counted by level and source", needs: "edge", run: countMessages },
  { rule: "a counter source counts events by key", needs: "edge", run: countEvents },
  { rule: "a message in JSON is four keys", needs: "edge", run: writeJson },
  { rule: "a module that is none is refused in words", needs: "edge", run: refuseModule },
  { rule: "fetch answers scrapes as text and as OpenMetrics", needs: "edge", run: answerScrapes },
  { rule: "fetch takes commands with the token alone", needs: "edge", run: guardControl },
  { rule: "without a token control is refused", needs: "edge", run: refuseControl },
  { rule: "a flush posts lines that name the instance", needs: "edge", run: flushLines },
  {
    rule: "what a receiver refuses waits with its time, and counts go on",
    needs: "edge",
    run: retryLines,
  },
  { rule: "a wasm plug-in reports through the monitor", needs: "plug-ins", run: runPlugin },
  { rule: "a flush over TCP ends with every line proven", needs: "tcp push", run: flushOverTcp },
  { rule: "a sandboxed guest runs, metered", needs: "sandbox", run: runGuest },
  { rule: "a sandboxed guest's trap is its end alone", needs: "sandbox", run: runTrap },
  { rule: "a plug-in's allocations are traced into a stream", needs: "traces", run: trace },
  { rule: "a page is scraped through its service worker", needs: "service worker", run: askWorker },
];

function monitorOf<S, P>(world: World, options: Omit<EdgeOptions<S, P>, "module"> = {}) {
  return createEdgeMonitor<S, P>({ module: world.modules.monitor, ...options });
}

async function obeyCommands(world: World): Promise<void> {
  const monitor = monitorOf(world);
  const jobs = monitor.counter({ name: "jobs_total", help: "Jobs." });
  jobs.inc(2);
  equal(monitor.command("Mjobs_total:off"), "ok", "reply");
  jobs.inc(5);
  equal(monitor.command("Mjobs_total:on"), "ok", "reply");
  match(text(monitor.prometheus()), /^jobs_total 2$/m, "while it was off nothing counts");
  const log = monitor.log("dns");
  equal(log.passes(Level.Debug), false, "debug at first");
  equal(monitor.command("Ldns:debug"), "ok", "reply");
  equal(log.passes(Level.Debug), true, "debug then");
  match(monitor.command("Lnobody:debug"), /^error: /, "an unknown source");
}

async function countMessages(world: World): Promise<void> {
  const monitor = monitorOf(world);
  monitor.log("dns").warning("slow");
  monitor.log("dns").debug("not written");
  const shown = text(monitor.prometheus());
  match(shown, /^prometheus_logs_messages_total\{level="warning",src="dns"\} 1$/m, "warnings");
  match(shown, /^logs_warnings_total 1$/m, "warnings in all");
}

async function countEvents(world: World): Promise<void> {
  const monitor = monitorOf(world);
  const keyOf = (code: number) => (code < 400 ? "fine" : "failed");
  const replies = counterSource(monitor, { name: "replies", keyOf });
  for (const code of [200, 404, 200]) replies.count(code);
  match(text(monitor.prometheus()), /^replies_fine_total 2$/m, "a key");
  match(text(monitor.prometheus()), /^replies_total 3$/m, "all");
}

async function writeJson(world: World): Promise<void> {
  const monitor = monitorOf(world, { logs: { format: "json" } });
  const { warn } = console;
  let line = "";
  console.warn = (given: string) => {
    line = given;
  };
  try {
    monitor.log("dns").warning("slow");
  } finally {
    console.warn = warn;
  }
  const { time, ...rest } = JSON.parse(line);
  match(time, /^\d{4}-\d\d-\d\dT/, "time");
  equal(JSON.stringify(rest), '{"level":"warning","source":"dns","message":"slow"}', "the rest");
}

async function refuseModule(): Promise<void> {
  try {
    createEdgeMonitor({ module: {} as WebAssembly.Module });
  } catch (error) {
    equal(error instanceof MonitorError && error.code, "OPTION_INVALID", "code");
    return;
  }
  throw new Error("it was taken");
}

async function answerScrapes(world: World): Promise<void> {
  const monitor = monitorOf(world, { serve: serve({ basePath: "/_m" }) });
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(3);
  const ask = (path: string, init?: RequestInit) =>
    monitor.fetch(new Request(`https://edge.example${path}`, init));
  const plain = await ask("/_m/metrics");
  equal(plain.status, 200, "status");
  match(plain.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/, "type");
  match(await plain.text(), /^jobs_total 3$/m, "text");
  const accept = "application/openmetrics-text; version=1.0.0";
  const open = await ask("/_m/metrics", { headers: { accept } });
  match(open.headers.get("content-type") ?? "", /^application\/openmetrics-text/, "type");
  match(await open.text(), /# EOF\n$/, "OpenMetrics");
  equal((await ask("/_m/metrics", { method: "HEAD" })).status, 200, "HEAD");
  equal((await ask("/_m/metrics", { method: "PUT" })).status, 405, "PUT");
  equal((await ask("/metrics")).status, 404, "another path");
  equal(monitor.owns({ url: "https://edge.example/_m/metrics" }), true, "owns its path");
  equal(monitor.owns({ url: "https://edge.example/metrics" }), false, "owns no other");
}

async function guardControl(world: World): Promise<void> {
  const monitor = monitorOf(world, { serve: serve({ token: TOKEN }) });
  const post = async (body: string, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = { method: "POST", body, headers };
    return monitor.fetch(new Request("https://edge.example/control", init));
  };
  equal((await post("l")).status, 401, "no token");
  equal((await post("l", "wrong!")).status, 401, "a wrong token");
  const done = await post("L*:debug\r\nl\n", TOKEN);
  equal(done.status, 200, "the right token");
  equal(await done.text(), "ok\nok: *:debug\n", "replies");
  const failed = await post("l\nnonsense", TOKEN);
  equal(failed.status, 400, "a command that fails");
  match(await failed.text(), /^ok: \*:debug\nerror: /, "replies to both");
  equal((await post("x".repeat(70_000), TOKEN)).status, 413, "too long");
  const scrape = new Request("https://edge.example/metrics");
  equal((await monitor.fetch(scrape)).status, 401, "a scrape without the token");
}

async function refuseControl(world: World): Promise<void> {
  const monitor = monitorOf(world, { serve: serve() });
  const init = { method: "POST", body: "M*:off" };
  const answer = await monitor.fetch(new Request("https://edge.example/control", init));
  equal(answer.status, 403, "status");
  match(await answer.text(), /serve\(\) has no token/, "the way out");
  match(monitor.command("m"), /\*:enabled/, "nothing was switched");
}

async function flushLines(world: World): Promise<void> {
  const to = { url: `${world.origin}/write/flush?db=x`, token: "t" };
  const wire = push([to], { intervalMs: 3_600_000 });
  const monitor = monitorOf(world, { vmName: "shop", push: wire });
  const jobs = monitor.counter({ name: "jobs_total", help: "Jobs.", labels: ["queue"] });
  // Enough lines that compressing them pays.
  for (let queue = 0; queue < 30; queue++) jobs.inc({ queue: `q${queue}` }, 3);
  equal(await monitor.flush(), true, "all sent");
  const [pushed] = await pushes(world, "flush");
  match(pushed?.text ?? "", /^jobs_total,vm=shop-[0-9a-f]{8},queue=q7 counter=3 \d{19}$/m, "line");
  equal(pushed?.encoding, typeof CompressionStream === "function" ? "gzip" : "", "encoding");
  equal(await monitor.flushIfDue(), true, "too early for the next");
  equal((await pushes(world, "flush")).length, 1, "pushes");
}

async function retryLines(world: World): Promise<void> {
  const url = `${world.origin}/write/retry?db=x`;
  const monitor = monitorOf(world, { push: push(url), instance: "r" });
  const jobs = monitor.counter({ name: "jobs_total", help: "Jobs." });
  await fetch(`${world.origin}/fail/retry?503`, { method: "POST" });
  jobs.inc(1);
  equal(await monitor.flush(), false, "refused");
  jobs.inc(2);
  // It tries again at the first flush after its back-off, which is half a second at most.
  for (let left = 1000; left > 0 && !(await monitor.flush()); left--) await soon();
  const all = await pushes(world, "retry");
  equal(all[0]?.status, 503, "the first push");
  const lines = (which: Received | undefined) => which?.text.match(/^jobs_total,.*$/gm) ?? [];
  equal(lines(all[1])[0], lines(all[0])[0], "the refused line, with its time");
  match(lines(all[1]).at(-1) ?? "", / counter=3 /, "both counts");
}

async function runPlugin(world: World): Promise<void> {
  const monitor = monitorOf(world);
  let memory: WebAssembly.Memory | undefined;
  const instance = new WebAssembly.Instance(world.modules.increments, {
    ...guestImports(monitor, () => memory),
    env: { abort: () => {} },
  });
  memory = instance.exports.memory as WebAssembly.Memory;
  (instance.exports._initialize as () => void)();
  (instance.exports.increment as (count: number) => void)(41);
  match(text(monitor.prometheus()), /^increments_total 41$/m, "its counter");
}

async function flushOverTcp(world: World): Promise<void> {
  const { connect, tcpPort } = world;
  if (connect === undefined) throw new Error("the fixture gives no connect");
  const wire = push(tcp(`tcp://127.0.0.1:${tcpPort}`, connect));
  const monitor = monitorOf(world, { push: wire, instance: "tcp" });
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(8);
  equal(await monitor.flush(), true, "all sent");
  const received = await (await fetch(`${world.origin}/tcp`)).text();
  match(received, /^jobs_total,vm=edge-tcp counter=8 \d{19}$/m, "line");
  const shown = text(monitor.prometheus());
  match(shown, /^monitor_push_unconfirmed_lines_total\{[^}]*\} 0$/m, "unconfirmed lines");
}

async function runGuest(world: World): Promise<void> {
  const monitor = monitorOf(world);
  const { actor, wasi } = world.modules;
  const sandbox = await openSandbox(monitor, { module: actor, wasi });
  equal(sandbox.run({ args: ["actor", "print", "hello"] }).stdout, "hello\n", "its output");
  equal(sandbox.run({ args: ["actor", "exit", "3"] }).code, 3, "its code");
  equal(sandbox.run({ args: ["actor", "count", "7"] }).code, 0, "its code");
  const shown = text(monitor.prometheus());
  match(shown, /^actor_counted_total 7$/m, "its counter");
  match(shown, /^wasi_calls_total\{call="fd_write"\} 1$/m, "its calls");
  match(shown, /^wasi_io_written_bytes_total 6$/m, "its bytes");
  match(shown, /^memory_linear_bytes [1-9]/m, "its memory");
}

async function runTrap(world: World): Promise<void> {
  const monitor = monitorOf(world);
  const { actor, wasi } = world.modules;
  const sandbox = await openSandbox(monitor, { module: actor, wasi });
  const { code, trap } = sandbox.run({ args: ["actor", "trap"] });
  equal(code, 134, "code");
  equal(trap instanceof Error, true, "what the engine threw");
  equal(sandbox.run({ args: ["actor", "print", "again"] }).stdout, "again\n", "the next run");
  match(text(monitor.prometheus()), /^guest_traps_total 1$/m, "traps");
}

async function trace(world: World): Promise<void> {
  const monitor = monitorOf(world);
  const memtrace = openMemtrace(monitor, { module: world.modules.memtrace });
  const churn = await startChurn(world.churnBytes, memtrace);
  let received = "";
  const target = new WritableStream<Uint8Array>({
    write(chunk) {
      received += latin1.decode(chunk);
    },
  });
  const running = await memtrace.start(target, { samplingRate: 1e-3, seed: 1n });
  churn();
  const { samples, bytes } = await running.stop();
  equal(samples > 100, true, "samples of 81,900 blocks of some words each");
  equal(received.length, bytes, "bytes");
  match(received, /churn\/build/, "the function that allocates, by the engine's stacks or its own");
  match(text(monitor.prometheus()), /^memtrace_sessions_total 1$/m, "its numbers");
  await memtrace.close();
}

/** The fixture has a monitor in the page, and a worker that asks it. */
async function askWorker(): Promise<void> {
  const answer = await fetch("/page/metrics");
  equal(answer.status, 200, "status");
  match(await answer.text(), /^page_jobs_total 9$/m, "the page's counter");
}

async function pushes(world: World, name: string): Promise<readonly Received[]> {
  return (await fetch(`${world.origin}/pushed/${name}`)).json() as Promise<Received[]>;
}

function soon(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
