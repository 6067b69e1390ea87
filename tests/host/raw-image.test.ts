/**
 * A raw file as a disk: byte for byte, holes kept.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openRaw } from "../../host/block/raw.js";
import { MemoryFile } from "./qcow-file.js";

test("raw: what is written is there, at its byte; the end that is no sector is left alone", () => {
  const file = new MemoryFile(new Uint8Array(3 * 512 + 100).fill(9));
  const device = openRaw(file);
  assert.equal(device.capacityBytes, 3 * 512);
  device.write(512, new Uint8Array(512).fill(1));
  const target = new Uint8Array(1536);
  device.read(0, target);
  assert.deepEqual([target[511], target[512], target[1023], target[1024]], [9, 1, 1, 9]);
  device.discard(512, 1024);
  device.close();
  const expected = new Uint8Array(1636).fill(9).fill(0, 512, 1536);
  assert.deepEqual(file.content(), expected);
});

test("raw: discard writes nothing where there are zeros, so that holes stay", () => {
  const file = new MemoryFile(new Uint8Array(8 << 20), true);
  file.write(5 << 20, new Uint8Array(512).fill(1));
  const device = openRaw(file);
  device.discard(0, device.capacityBytes);
  const written = file.log.slice(1).filter(({ kind }) => kind === "write");
  assert.equal(written.length, 1, "one piece of a mebibyte had data");
  assert.ok(file.content().every((byte) => byte === 0));
});

test("raw: flush and close reach the medium, and a read-only file nothing", () => {
  const file = new MemoryFile(new Uint8Array(512), true);
  const device = openRaw(file);
  device.flush();
  device.close();
  assert.deepEqual(file.log, [{ kind: "sync" }, { kind: "sync" }]);
  const locked = new MemoryFile(new Uint8Array(512), true);
  locked.isReadonly = true;
  const reader = openRaw(locked);
  assert.equal(reader.isReadonly, true);
  reader.flush();
  reader.close();
  assert.deepEqual(locked.log, []);
});
