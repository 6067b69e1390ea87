/**
 * What holds of the library for programs, and of `wmon`, where a runtime has sockets and files.
 */
import { startChurn } from "./churn.js";
import { type Behaviour, equal, match, type World } from "./world.js";

export const PROGRAM_BEHAVIOURS: readonly Behaviour[] = [
  {
    rule: "the control port answers, and what it switches is off",
    needs: "listeners",
    run: control,
  },
  { rule: "/metrics is served, compressed for who wants it", needs: "listeners", run: scrape },
  { rule: "a push goes out over TCP", needs: "listeners", run: push },
  { rule: "the sources of the process are there", needs: "listeners", run: processSources },
  { rule: "whoever connects is sent a trace", needs: "trace port", run: tracePort },
  { rule: "wmon starts, and explains itself", needs: "wmon", run: help },
  { rule: "wmon runs a guest under watch, to its code", needs: "wmon", run: runGuest },
];

async function open(world: World, options: Parameters<NonNullable<World["createMonitor"]>>[0]) {
  if (world.createMonitor === undefined) throw new Error("the fixture gives no library");
  return world.createMonitor(options);
}

function dial(world: World, port: number, text: string): Promise<string> {
  if (world.dial === undefined) throw new Error("the fixture cannot dial");
  return world.dial(port, text);
}

function portOf(address: { readonly kind: string; readonly port?: number } | undefined): number {
  if (address?.port === undefined) throw new Error("it does not listen");
  return address.port;
}

async function control(world: World): Promise<void> {
  const monitor = await open(world, { control: "tcp:127.0.0.1:0" });
  try {
    monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(2);
    const port = portOf(monitor.addresses.control);
    equal(await dial(world, port, "Mjobs_total:off\nmjobs_total\n"), OFF_REPLIES, "replies");
    equal(new TextDecoder().decode(monitor.prometheus()).includes("jobs_total 2"), false, "shown");
  } finally {
    await monitor.close();
  }
}

const OFF_REPLIES = "ok\nok: jobs_total:disabled\n";

async function scrape(world: World): Promise<void> {
  const monitor = await open(world, { prometheus: "tcp:127.0.0.1:0" });
  try {
    monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(4);
    const url = `http://127.0.0.1:${portOf(monitor.addresses.prometheus)}/metrics`;
    const headers = { "accept-encoding": "gzip", accept: "application/openmetrics-text" };
    const answer = await fetch(url, { headers });
    match(answer.headers.get("content-type") ?? "", /^application\/openmetrics-text/, "type");
    match(await answer.text(), /^jobs_total 4$/m, "text");
    match(decode(monitor.prometheus()), /^monitor_scrape_compressed_total 1$/m, "compressed");
  } finally {
    await monitor.close();
  }
}

async function push(world: World): Promise<void> {
  const receiver = `tcp://127.0.0.1:${world.tcpPort}`;
  const monitor = await open(world, { vmName: "program", push: receiver });
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(6);
  await monitor.close();
  const received = await (await fetch(`${world.origin}/tcp`)).text();
  match(received, /^jobs_total,vm=program counter=6 \d{19}$/m, "line");
}

async function processSources(world: World): Promise<void> {
  const monitor = await open(world, { defaultSources: true });
  try {
    const shown = decode(monitor.prometheus());
    match(shown, /^process_resident_memory_bytes [1-9]/m, "memory of the process");
    match(shown, /^nodejs_version_info\{/m, "version");
  } finally {
    await monitor.close();
  }
}

async function tracePort(world: World): Promise<void> {
  const monitor = await open(world, { memtrace: "tcp:127.0.0.1:0" });
  try {
    const churn = await startChurn(world.churnBytes, monitor);
    const port = portOf(monitor.addresses.memtrace);
    churn();
    // The client's byte ends the trace, once it has begun.
    const received = await dial(world, port, "x");
    equal(received.length > 0, true, "bytes");
  } finally {
    await monitor.close();
  }
}

async function help(world: World): Promise<void> {
  const ended = await world.wmon?.("--help");
  equal(ended?.code, 0, "code");
  match(ended?.stdout ?? "", /Usage: wmon/, "output");
}

async function runGuest(world: World): Promise<void> {
  const quiet = ["--control", "off", "--prometheus", "off", "--memtrace", "off", "--push", "-"];
  const guest = ["build/guests/actor.wasm", "--", "count", "7"];
  const ended = await world.wmon?.("run", ...quiet, ...guest);
  equal(ended?.code, 0, "code");
  match(ended?.stdout ?? "", /^actor_counted_total counter=7 \d{19}$/m, "its counter");
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
