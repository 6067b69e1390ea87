/**
 * What a guest pays for the qcow2 format: reads of 64 KiB from a warm image that is fully
 * allocated, against the same reads of a raw one, both through the imports that guests call.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBlock } from "../../host/block/choice.js";
import type { ImageFile } from "../../host/block/image-file.js";
import { blockImports } from "../../host/block/imports.js";
import { openDevice } from "../../host/block/opening.js";
import { Volume } from "../../host/block/volume.js";
import { encodeValues } from "../../host/definition.js";
import { DiskRegistry } from "../../host/disk/registry.js";
import { registerDiskSources } from "../../host/disk/sources.js";
import { createMonitor } from "../../host/index.js";
import { createImage, openImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { assemble } from "../host/wmon.js";
import { compareClosely } from "./measure.js";
import type { Result, Row } from "./row.js";

const CAPACITY = 64 * 1024 * 1024;

/** Reads 64 KiB after 64 KiB, round and round; the sum of the statuses. */
const READER = `(module
  (import "monitor" "block_read" (func $read (param i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global $at (mut i64) (i64.const 0))
  (func (export "read") (param $handle i32) (param $count i32) (result i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum)
        (call $read (local.get $handle) (global.get $at) (i32.const 65536) (i32.const 65536))))
      (global.set $at (i64.rem_u (i64.add (global.get $at) (i64.const 65536))
        (i64.const ${CAPACITY})))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))`;

interface Reader {
  readonly memory: WebAssembly.Memory;
  read(handle: number, count: number): number;
}

async function readWarm(): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    return await compareFormats(join(folder, "disk.qcow2"), join(folder, "disk.raw"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function compareFormats(qcow: string, raw: string): Promise<Result> {
  make(qcow, (file) => createQcow(file, { capacityBytes: CAPACITY }));
  make(raw, (file) => file.truncate(CAPACITY));
  const volumes = await openVolumes([qcow, raw]);
  const reader = await instantiate(volumes);
  const read = (handle: number) => (count: number) => assert.equal(reader.read(handle, count), 0);
  const { oursNs, peerNs } = await compareClosely(read(0), read(1), { roundMs: 50 });
  for (const volume of volumes) volume.close();
  return { ours: oursNs, peer: peerNs };
}

function make(path: string, format: (file: ImageFile) => void): void {
  const file = createImage(path);
  format(file);
  file.close();
}

/**
 * Opens and fills, metered as `wmon run` does. Both are filled alike from empty files: how a page
 * came into the cache decides how fast it is read.
 */
async function openVolumes(paths: readonly string[]): Promise<Volume[]> {
  const { core } = await createMonitor({ defaultSources: false });
  const disks = new DiskRegistry({
    plan: registerDiskSources(core),
    memory: core.memory,
    register: (source, values) => core.registerSeries(source, encodeValues(values), "disk"),
  });
  // Registered before any is written: memory that grows would detach what cells are written by.
  const meters = paths.map((path) => disks.disk(path));
  return paths.map((path, index) => {
    const file = openImage(path, { isReadonly: false });
    const { device } = openDevice(file, parseBlock(`disk=${path}`), openImage);
    const piece = new Uint8Array(65536).fill(index + 1);
    for (let at = 0; at < CAPACITY; at += piece.length) device.write(at, piece);
    device.flush();
    const meter = meters[index];
    assert.ok(meter);
    return new Volume({ name: "disk", device, meter, note: assert.fail });
  });
}

async function instantiate(volumes: readonly Volume[]): Promise<Reader> {
  let memory: WebAssembly.Memory | undefined;
  const monitor = { ...blockImports({ volumes, memory: () => memory, refuse: assert.fail }) };
  const module = await WebAssembly.compile(assemble(READER) as Uint8Array<ArrayBuffer>);
  const { exports } = await WebAssembly.instantiate(module, { monitor });
  const reader = exports as unknown as Reader;
  memory = reader.memory;
  return reader;
}

export const BLOCK_ROWS: readonly Row[] = [
  { name: "block_read_qcow2_64k", peer: "raw", ratioMin: 0.7, run: readWarm },
];
