/**
 * The sources of the Node process, against the library whose names they carry: prom-client runs its
 * own default metrics in this process, and its text is compared with ours.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { collectDefaultMetrics, Registry } from "prom-client";
import { createMonitor, type Monitor } from "../../host/index.js";
import { parseOpenFilesMax, parseStatus } from "../../host/process/procfs.js";

/** What a text says of one family. */
interface Family {
  help: string;
  type: string;
  readonly labelNames: Set<string>;
  readonly values: Map<string, number>;
}

const GATHERS = 200;

function parseFamilies(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const familyOf = (name: string) => {
    const found = families.get(name) ?? newFamily();
    families.set(name, found);
    return found;
  };
  for (const line of text.split("\n")) {
    const [, keyword, subject = "", rest = ""] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === "HELP") familyOf(subject).help = rest;
    else if (keyword === "TYPE") familyOf(subject).type = rest;
    else readSample(line, families);
  }
  return families;
}

function newFamily(): Family {
  return { help: "", type: "", labelNames: new Set(), values: new Map() };
}

function readSample(line: string, families: Map<string, Family>): void {
  const [, name = "", labels = "", value] = /^([^{\s]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
  if (family === undefined) return;
  for (const [, label = ""] of labels.matchAll(/(\w+)="/g)) family.labelNames.add(label);
  family.values.set(`${name}{${labels}}`, Number(value));
}

async function withMonitor(body: (monitor: Monitor) => Promise<void> | void): Promise<void> {
  const monitor = await createMonitor({ defaultSources: true });
  try {
    await body(monitor);
  } finally {
    await monitor.close();
  }
}

function ourFamilies(monitor: Monitor): Map<string, Family> {
  return parseFamilies(new TextDecoder().decode(monitor.prometheus()));
}

function promClient(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}

/** Gathers until `isShown` agrees: observers report in turns of their own. */
async function gatherUntil(
  gather: () => Map<string, Family> | Promise<Map<string, Family>>,
  isShown: (families: Map<string, Family>) => boolean,
): Promise<Map<string, Family>> {
  for (let turn = 0; turn < 1000; turn++) {
    const families = await gather();
    if (isShown(families)) return families;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail("the gathers never showed it");
}

/** CPU time of this process so far, and a nanosecond for rounding. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6 + 1e-9;
}

/** The first value of a family; NaN where it has none. */
function firstValue(families: Map<string, Family>, name: string): number {
  return families.get(name)?.values.values().next().value ?? Number.NaN;
}

function isUsed(families: Map<string, Family>, name: string): boolean {
  return (families.get(name)?.values.size ?? 0) > 0;
}

/** Makes garbage until a pause is certain. */
function litter(): number {
  let kept = 0;
  for (let round = 0; round < 2000; round++) kept += new Array(5000).fill(round).length;
  return kept;
}

test("process: every metric of prom-client is there with its name, type and help", () =>
  withMonitor(async (monitor) => {
    const ours = ourFamilies(monitor);
    const mismatches: string[] = [];
    for (const [name, theirs] of parseFamilies(await promClient().metrics())) {
      const our = ours.get(name);
      if (our?.type !== theirs.type) mismatches.push(`${name}: ${our?.type} is not ${theirs.type}`);
      else if (our.help !== theirs.help) mismatches.push(`${name}: ${our.help}`);
    }
    assert.deepEqual(mismatches, []);
  }));

test("process: label names are prom-client's", () =>
  withMonitor(async (monitor) => {
    const register = promClient();
    litter();
    const ours = await gatherUntil(
      () => ourFamilies(monitor),
      (families) => isUsed(families, "nodejs_active_resources"),
    );
    const theirs = await gatherUntil(
      async () => parseFamilies(await register.metrics()),
      (families) => isUsed(families, "nodejs_gc_duration_seconds"),
    );
    const compared: string[] = [];
    for (const [name, { labelNames }] of theirs) {
      const our = ours.get(name);
      if (labelNames.size === 0 || our === undefined || our.values.size === 0) continue;
      assert.deepEqual([...our.labelNames].sort(), [...labelNames].sort(), name);
      compared.push(name);
    }
    for (const name of ["version_info", "gc_duration_seconds", "heap_space_size_used_bytes"]) {
      assert.ok(compared.includes(`nodejs_${name}`), `${name} was not compared`);
    }
  }));

/** Both read the same facts a moment apart: by how much they may differ, relatively. */
const SAME_FACTS: readonly (readonly [sample: string, tolerance: number])[] = [
  ["process_start_time_seconds{}", 1e-8],
  ["process_max_fds{}", 0],
  ["process_resident_memory_bytes{}", 0.5],
  ["process_virtual_memory_bytes{}", 0.5],
  ["process_heap_bytes{}", 0.5],
  ["nodejs_heap_size_total_bytes{}", 0.5],
  ["process_cpu_seconds_total{}", Number.NaN],
  ['nodejs_heap_space_size_total_bytes{space="old"}', 0.5],
];

test("process: values are prom-client's, in the same units", () =>
  withMonitor(async (monitor) => {
    const register = promClient();
    const began = process.cpuUsage();
    while (process.cpuUsage(began).user < 50_000) litter();
    const theirs = parseFamilies(await register.metrics());
    const ours = ourFamilies(monitor);
    for (const [sample, tolerance] of SAME_FACTS) {
      const name = sample.replace(/\{.*/, "");
      const expected = theirs.get(name)?.values.get(sample);
      if (expected === undefined) continue; // this system has no such metric
      const shown = ours.get(name)?.values.get(sample) ?? Number.NaN;
      // CPU time: prom-client counts from its own start, we count from the start of the process.
      const isClose =
        name === "process_cpu_seconds_total"
          ? shown >= expected && shown <= cpuSeconds()
          : Math.abs(shown - expected) <= tolerance * expected;
      assert.ok(isClose, `${sample}: ${shown}, prom-client ${expected}`);
    }
  }));

test("process: a pause for garbage is observed", () =>
  withMonitor(async (monitor) => {
    const countOf = (families: Map<string, Family>) =>
      families
        .get("nodejs_gc_duration_seconds")
        ?.values.get('nodejs_gc_duration_seconds_count{kind="minor"}') ?? 0;
    const before = countOf(ourFamilies(monitor));
    litter();
    await gatherUntil(
      () => ourFamilies(monitor),
      (families) => countOf(families) > before,
    );
  }));

test("process: a disabled family observes no pause", () =>
  withMonitor(async (monitor) => {
    const minor = 'nodejs_gc_duration_seconds_count{kind="minor"}';
    const countNow = () =>
      ourFamilies(monitor).get("nodejs_gc_duration_seconds")?.values.get(minor) ?? Number.NaN;
    const before = countNow();
    monitor.command("Msrc:nodejs_gc_duration_seconds:off");
    assert.ok(Number.isNaN(countNow()), "disabled, it is not shown");
    litter();
    await new Promise((resolve) => setTimeout(resolve, 50));
    monitor.command("Msrc:nodejs_gc_duration_seconds:on");
    assert.equal(countNow(), before);
  }));

test("process: a total misses nothing of the time while its family was disabled", () =>
  withMonitor((monitor) => {
    ourFamilies(monitor);
    monitor.command("Msrc:process_cpu_seconds_total:off");
    ourFamilies(monitor);
    litter();
    ourFamilies(monitor);
    monitor.command("Msrc:process_cpu_seconds_total:on");
    const least = cpuSeconds() - 2e-9;
    const shown = firstValue(ourFamilies(monitor), "process_cpu_seconds_total");
    assert.ok(shown >= least, `${shown} after ${least}`);
  }));

test("process: the delays of the event loop are positive once they were measured", () =>
  withMonitor(async (monitor) => {
    const families = await gatherUntil(
      () => ourFamilies(monitor),
      (found) => firstValue(found, "nodejs_eventloop_lag_p99_seconds") > 0,
    );
    for (const name of ["min", "max", "mean", "p50", "p90", "p99"]) {
      const [value = 0] =
        families.get(`nodejs_eventloop_lag_${name}_seconds`)?.values.values() ?? [];
      assert.ok(value > 0 && value < 60, `${name}: ${value}`);
    }
  }));

test("resource_usage: writes the fields of getrusage, with its types, on the Influx wire", () =>
  withMonitor((monitor) => {
    const text = new TextDecoder().decode(monitor.influx());
    const [, fields = ""] = /^resource_usage\S* (\S+)/m.exec(text) ?? [];
    const integers =
      "maxrss ixrss idrss isrss minflt majflt maxflt nswap inblock outblock msgsnd msgrcv " +
      "nsignals nvcsw nivcsw";
    assert.deepEqual(
      fields.split(",").map((field) => field.replace(/=\d+i$/, "=i").replace(/=[\d.e-]+$/, "=f")),
      ["utime=f", "stime=f", ...integers.split(" ").map((key) => `${key}=i`)],
    );
  }));

test("process: counters of the system never run backwards", () =>
  withMonitor((monitor) => {
    let last = 0;
    for (let gather = 0; gather < GATHERS; gather++) {
      const value = firstValue(ourFamilies(monitor), "process_cpu_seconds_total");
      assert.ok(value >= last, `${value} after ${last}`);
      last = value;
    }
    assert.ok(last <= cpuSeconds());
  }));

test("process: nothing here keeps a process alive", () => {
  const entry = JSON.stringify(new URL("../../host/index.js", import.meta.url));
  const script =
    `import { createMonitor } from ${entry};` +
    "const monitor = await createMonitor({ defaultSources: true, unref: true });" +
    "process.stdout.write(String(monitor.prometheus().length > 0));";
  const shown = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 30_000,
  });
  assert.equal(String(shown), "true");
});

const KIB = 1024;
test("procfs: sizes are KiB in status and bytes here", () => {
  const text =
    "Name:\tnode\nVmPeak:\t  9 kB\nVmSize:\t  300 kB\nVmRSS:\t  20 kB\nVmData:\t 100 kB\n";
  assert.deepEqual(parseStatus(text), {
    residentBytes: 20 * KIB,
    virtualBytes: 300 * KIB,
    dataBytes: 100 * KIB,
  });
});

for (const [rule, text, expected] of [
  ["the soft limit counts", "Max open files            1024                 4096  files\n", 1024],
  [
    "unlimited is no limit",
    "Max open files            unlimited            unlimited  files\n",
    undefined,
  ],
  ["absent is no limit", "Max cpu time unlimited unlimited seconds\n", undefined],
] as const) {
  test(`procfs: ${rule}`, () => assert.equal(parseOpenFilesMax(text), expected));
}
