/**
 * What a block device shows: `disk` and `disk_errors` of any image, the twelve `Mirage_qcow_*`
 * families of a qcow2 one, on both wires, under the exact names in both formats of a scrape.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { blockArgs, checkQcow, linesOf, makeImage, runBlock } from "./block-image.js";
import { until } from "./until.js";
import { LISTENING, Wmon } from "./wmon.js";

const FAMILIES = {
  counter: [
    ...["reads", "writes", "discards", "junk", "erased"],
    ...["available", "roots", "copied", "flushed", "referenced"],
  ],
  gauge: ["used", "size"],
} as const;

/** What the last push of a run said: the fields of every line, by measurement and tags. */
function lastPush(stdout: string): Map<string, Map<string, number>> {
  const lines = new Map<string, Map<string, number>>();
  for (const line of stdout.split("\n")) {
    const [, key = "", fields = ""] = /^((?:Mirage|disk)\S*) (\S+)$/.exec(line) ?? [];
    const values = fields.split(",").map((field): [string, number] => {
      const [name = "", value = ""] = field.split("=");
      return [name, Number.parseFloat(value)];
    });
    if (key !== "") lines.set(key, new Map(values));
  }
  return lines;
}

/** A run that waits for standard input at its end; a scrape once it does. */
async function scrapeAt(
  t: TestContext,
  image: string,
  operations: readonly string[],
): Promise<{ wmon: Wmon; scrape: (accept: string) => Promise<string> }> {
  const wmon = new Wmon(t, blockArgs(image, [...operations, "wait"], LISTENING));
  const url = await wmon.metrics();
  await until("the guest is done", () => linesOf(wmon).length === operations.length);
  const scrape = async (accept: string) => (await fetch(url, { headers: { accept } })).text();
  return { wmon, scrape };
}

/** Three sectors written, two read, one given back, and what is refused. */
const OPERATIONS = [
  ...["write:0:512:1", "write:512:1024:2", "read:0:512", "read:0:512", "discard:1024:512"],
  ...["flush", "read:1:512", "read:8388608:512", "write:8388608:512:1", "write:0:1:1"],
];

test("block metrics: a raw device shows its bytes, operations and errors", async (t) => {
  const image = makeImage(t, "raw");
  const { stdout } = await runBlock(t, image, OPERATIONS);
  const lines = lastPush(stdout);
  const disk = lines.get("disk,id=disk") ?? new Map();
  const counts = {
    read_bytes: 1024,
    written_bytes: 1536,
    discarded_bytes: 512,
    reads: 2,
    writes: 2,
    discards: 1,
    flushes: 1,
    open: 0,
  };
  for (const [field, value] of Object.entries(counts)) assert.equal(disk.get(field), value, field);
  assert.equal(lines.get("disk_errors,errno=EINVAL,id=disk")?.get("errors"), 2);
  assert.equal(lines.get("disk_errors,errno=ERANGE,id=disk")?.get("errors"), 2);
  const families = [...lines.keys()].filter((key) => key.startsWith("Mirage"));
  assert.deepEqual(families, []);
});

test("block metrics: a device that cannot be written counts EROFS", async (t) => {
  const image = makeImage(t, "raw");
  const { stdout } = await runBlock(t, `${image},readonly`, ["write:0:512:1", "discard:0:512"]);
  const errors = lastPush(stdout).get("disk_errors,errno=EROFS,id=disk");
  assert.equal(errors?.get("errors"), 2);
});

test("block metrics: a scrape while the guest runs shows its device", async (t) => {
  const image = makeImage(t, "raw");
  const { scrape } = await scrapeAt(t, image, ["write:0:65536:1", "read:0:512", "read:1:512"]);
  const text = await scrape("text/plain");
  const expected = [
    'wasm_disk_written_bytes_total{id="disk"} 65536',
    'wasm_disk_read_bytes_total{id="disk"} 512',
    'wasm_disk_open{id="disk"} 1',
    'wasm_disk_read_duration_seconds_count{id="disk"} 1',
    'wasm_disk_errors_total{errno="EINVAL",id="disk"} 1',
  ];
  const lines = new Set(text.split("\n"));
  for (const line of expected) assert.ok(lines.has(line), `${line}\nis not in\n${text}`);
});

/** Type of a counter in each format. */
const FORMATS = [
  ["text/plain; version=0.0.4", "counter"],
  ["application/openmetrics-text; version=1.0.0", "unknown"],
] as const;

test("block metrics: a qcow2 image shows twelve families under their exact names", async (t) => {
  const image = makeImage(t, "qcow2");
  const operations = ["write:0:131072:1", "read:0:65536", "discard:0:65536", "flush"];
  const { wmon, scrape } = await scrapeAt(t, image, operations);
  for (const [accept, counterType] of FORMATS) {
    const text = await scrape(accept);
    const lines = text.split("\n").filter((line) => line.includes("Mirage_qcow_"));
    const samples = lines.filter((line) => !line.startsWith("#"));
    for (const name of [...FAMILIES.counter, ...FAMILIES.gauge]) {
      const type = name === "used" || name === "size" ? "gauge" : counterType;
      assert.ok(lines.includes(`# TYPE Mirage_qcow_${name} ${type}`), `${name}\n${text}`);
      const own = samples.filter((line) => line.startsWith(`Mirage_qcow_${name}{id="disk"} `));
      assert.equal(own.length, 1, `${name}\n${text}`);
    }
    assert.equal(samples.length, 12, text);
    const bytes = { reads: 65536, writes: 131072, discards: 65536, used: 1 };
    for (const [name, value] of Object.entries(bytes)) {
      assert.ok(samples.includes(`Mirage_qcow_${name}{id="disk"} ${value}`), `${name}\n${text}`);
    }
  }
  wmon.child.stdin.end("x");
  assert.deepEqual(await wmon.ended, { code: 0, signal: null });
});

const CLUSTER = 65536;
/** Sixteen clusters, half of them given back, of which four are used again. */
const HISTORY = [
  ...[`write:0:${16 * CLUSTER}:1`, "flush", `discard:0:${8 * CLUSTER}`, "flush"],
  ...[`write:${20 * CLUSTER}:${4 * CLUSTER}:2`, "flush", `read:0:${CLUSTER}`],
];

test("block metrics: discard, reuse and live compaction move each of the twelve", async (t) => {
  const image = makeImage(t, "qcow2");
  const plain = familiesOf((await runBlock(t, image, HISTORY)).stdout);
  assert.equal(plain.get("used"), 12);
  assert.equal(plain.get("writes"), 20 * CLUSTER);
  assert.equal(plain.get("discards"), 8 * CLUSTER);
  assert.equal(plain.get("reads"), CLUSTER);
  for (const name of ["junk", "erased", "available", "roots"]) {
    assert.ok((plain.get(name) ?? 0) > 0, name);
  }
  for (const name of ["copied", "flushed", "referenced"]) assert.equal(plain.get(name), 0, name);
  checkQcow(image, "no leaks");

  const again = [`discard:${8 * CLUSTER}:${4 * CLUSTER}`, "flush"];
  const compacted = familiesOf((await runBlock(t, `${image},compact`, again)).stdout);
  for (const name of ["copied", "flushed", "referenced"]) {
    assert.ok((compacted.get(name) ?? 0) > 0, name);
  }
  assert.equal(compacted.get("used"), 8);
  assert.ok((compacted.get("size") ?? 0) < (plain.get("size") ?? 0), "the file is no shorter");
  checkQcow(image, "no leaks");
  const left = familiesOf((await runBlock(t, image, [])).stdout);
  assert.deepEqual(
    [left.get("used"), left.get("size"), left.get("writes")],
    [8, compacted.get("size"), 0],
  );
});

/** The twelve numbers of the last push. */
function familiesOf(stdout: string): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const [key, fields] of lastPush(stdout)) {
    const [, name] = /^Mirage_qcow_(\w+),id=disk$/.exec(key) ?? [];
    if (name !== undefined) numbers.set(name, [...fields.values()][0] ?? Number.NaN);
  }
  assert.equal(numbers.size, 12, stdout);
  return numbers;
}
