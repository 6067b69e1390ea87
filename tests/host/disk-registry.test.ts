/**
 * Ids of disks and their caps, over a real core in this thread.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Format } from "../../assembly/abi.js";
import { packageFile } from "../../host/cli/package.js";
import { encodeValues } from "../../host/definition.js";
import { DiskRegistry } from "../../host/disk/registry.js";
import { DURATION_BOUNDS, registerDiskSources } from "../../host/disk/sources.js";
import { createMonitor } from "../../host/index.js";

/** A registry, what it folded, and what a scrape shows. */
async function openRegistry(t: TestContext) {
  const monitor = await createMonitor({
    module: new WebAssembly.Module(readFileSync(packageFile("build/monitor.shared.wasm"))),
    memory: new WebAssembly.Memory({ initial: 16, maximum: 1024, shared: true }),
  });
  t.after(() => monitor.close());
  const { core } = monitor;
  let foldedCount = 0;
  const disks = new DiskRegistry({
    plan: registerDiskSources(core),
    memory: core.memory,
    register: (source, values) => core.registerSeries(source, encodeValues(values), "disk"),
    fold: () => foldedCount++,
  });
  const scrape = () => new TextDecoder().decode(core.encode(Format.Prometheus, 0n)).split("\n");
  return { disks, foldedCount: () => foldedCount, scrape };
}

test("disk registry: a block device counts by its name, and under no mount", async (t) => {
  const { disks, scrape } = await openRegistry(t);
  const device = disks.disk("vda");
  device.read(4096, 2e-6);
  device.write(512, 0.02);
  device.discard(1024);
  device.flush(0.3);
  device.fail("EIO");
  const lines = scrape();
  for (const line of [
    'wasm_disk_read_bytes_total{id="vda"} 4096',
    'wasm_disk_written_bytes_total{id="vda"} 512',
    'wasm_disk_discarded_bytes_total{id="vda"} 1024',
    'wasm_disk_discards_total{id="vda"} 1',
    'wasm_disk_flushes_total{id="vda"} 1',
    'wasm_disk_read_duration_seconds_sum{id="vda"} 0.000002',
    'wasm_disk_flush_duration_seconds_count{id="vda"} 1',
    'wasm_disk_errors_total{errno="EIO",id="vda"} 1',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join("\n")}`);
  }
  assert.ok(!lines.some((line) => line.startsWith("wasm_mount_") && line.includes("vda")));
});

test("disk registry: each bound is the upper end of its bucket", async (t) => {
  const { disks, scrape } = await openRegistry(t);
  const mount = disks.mount("/data");
  const file = disks.disk("/data/a", mount);
  for (const seconds of [...DURATION_BOUNDS, 2]) {
    file.read(1, seconds);
    file.write(1, seconds);
    file.flush(seconds);
  }
  const counts = scrape().flatMap((line) => {
    const found = /^wasm_(disk|mount)_\w+_bucket\{id="[^"]*",le="([^"]+)"\} (\d+)$/.exec(line);
    return found ? [Number(found[3])] : [];
  });
  const once = [...DURATION_BOUNDS.keys(), DURATION_BOUNDS.length].map((index) => index + 1);
  assert.deepEqual(counts, Array.from({ length: 6 }, () => once).flat());
});

test("disk registry: past 1,024 pairs of id and errno, errors share an id by errno", async (t) => {
  const { disks, scrape } = await openRegistry(t);
  const errnos = Array.from({ length: 60 }, (_, index) => `E${index}`);
  for (let index = 0; index < 20; index++) {
    const file = disks.disk(`file${index}`);
    for (const errno of errnos) file.fail(errno);
    for (const errno of errnos) file.fail(errno);
  }
  const counts = new Map(
    scrape().flatMap((line) => {
      const found = /^wasm_disk_errors_total\{errno="[^"]+",id="[^"]+"\} (\d+)$/.exec(line);
      return found ? [[line, Number(found[1])] as const] : [];
    }),
  );
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  assert.equal(total, 20 * 60 * 2);
  const own = [...counts.keys()].filter((line) => !line.includes("_overflow"));
  assert.equal(own.length, 1024);
  assert.ok(counts.size <= 1024 + 60);
});

test("disk registry: ids past 256 share one, and folding is counted", async (t) => {
  const { disks, foldedCount, scrape } = await openRegistry(t);
  const mounts = ["/a", "/b"].map((id) => disks.mount(id));
  for (let index = 0; index < 300; index++) {
    for (const mount of mounts) disks.disk(`f${index}`, mount).read(1, 1e-3);
  }
  assert.equal(foldedCount(), 600 - 256);
  const lines = scrape();
  assert.ok(lines.includes('wasm_disk_reads_total{id="_overflow"} 344'));
  assert.ok(lines.includes('wasm_disk_reads_total{id="f0"} 2'), "both mounts have a file f0");
  for (const id of ["/a", "/b"]) {
    assert.ok(lines.includes(`wasm_mount_reads_total{id="${id}"} 300`));
  }
});

test("disk registry: an id is cut at 1,024 bytes, on a character", async (t) => {
  const { disks, scrape } = await openRegistry(t);
  const long = `x${"ü".repeat(1000)}`;
  assert.equal(disks.disk(long), disks.disk(`${long}, continued`));
  assert.ok(scrape().includes(`wasm_disk_open{id="x${"ü".repeat(511)}"} 0`));
});
