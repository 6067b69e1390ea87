/**
 * A process that writes to an image is killed at random moments, again and again: qemu finds leaks
 * at worst, and all that was flushed is there. `SEED=…` repeats the operations, not the moments.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { createImage, openImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { openQcow } from "../../host/qcow/open.js";
import { Random, SEED } from "../wasm/random.js";
import { missing } from "./program.js";
import { drawChange, WRITER } from "./qcow-writer.js";
import { QEMU_PROGRAMS } from "./qemu.js";
import { assertClean, checkByQemu, withFolder } from "./qemu-image.js";

const CAPACITY_BYTES = 3 << 20;
const KILLS = 5;

/** Runs the writer until it said `lineCount` lines, and kills it; all that it said. */
async function killAfter(path: string, seed: number, lineCount: number): Promise<string[]> {
  const writer = spawn(process.execPath, [WRITER, path, String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  writer.stdout.setEncoding("latin1").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > lineCount) writer.kill("SIGKILL");
  });
  const [, signal] = await once(writer, "close");
  assert.equal(signal, "SIGKILL", "the writer ended by itself");
  return said.split("\n").filter((line) => line !== "");
}

/** States that each byte may be in: at the last flush, and after each operation since. */
function possibleStates(before: Uint8Array, seed: number, lines: readonly string[]): Uint8Array[] {
  const started = lines.filter((line) => /^\d+$/.test(line)).length;
  const flushes = lines.filter((line) => line.startsWith("flushed ")).map((line) => line.slice(8));
  const flushed = Number(flushes.at(-1) ?? -1);
  const random = new Random(seed);
  const disk = before.slice();
  const states = flushed < 0 ? [before] : [];
  for (let index = 0; index < started; index++) {
    const { kind, offset, byteCount, byte } = drawChange(random, CAPACITY_BYTES);
    if (kind === "write") disk.fill(byte, offset, offset + byteCount);
    if (kind === "discard") disk.fill(0, offset, offset + byteCount);
    const isChange = kind === "write" || kind === "discard";
    if (index === flushed || (index > flushed && isChange)) states.push(disk.slice());
  }
  return states;
}

function readAll(path: string): Uint8Array {
  const device = openQcow(openImage(path, { isReadonly: true }));
  const disk = new Uint8Array(CAPACITY_BYTES);
  device.read(0, disk);
  device.close();
  return disk;
}

/** Byte by byte: a kill in the middle of a call that writes may stop within a sector. */
function assertPossible(disk: Uint8Array, states: readonly Uint8Array[]): void {
  const at = disk.findIndex((byte, index) => !states.some((state) => state[index] === byte));
  const wanted = states.map((state) => state[at]).join(" ");
  assert.equal(at, -1, `byte ${at} is ${disk[at]}, not as flushed or written since: ${wanted}`);
}

for (const clusterBytes of [512, 65_536]) {
  const title = `qcow2, clusters of ${clusterBytes}: killed ${KILLS} times, leaks at worst`;
  test(`${title}; SEED=${SEED}`, { skip: missing(...QEMU_PROGRAMS) }, () =>
    withFolder(async (path) => {
      const image = createImage(path("disk"));
      createQcow(image, { capacityBytes: CAPACITY_BYTES, clusterBytes });
      image.close();
      const random = new Random(SEED);
      for (let kill = 0; kill < KILLS; kill++) {
        const before = readAll(path("disk"));
        const seed = random.word();
        const lines = await killAfter(path("disk"), seed, 1 + random.below(150));
        const { corruptions, text } = checkByQemu(path("disk"));
        assert.equal(corruptions, 0, text);
        const states = possibleStates(before, seed, lines);
        try {
          assertPossible(readAll(path("disk")), states);
        } catch (cause) {
          const said = lines.slice(-20).join(" ");
          throw new Error(`kill ${kill}, seed ${seed}, ${cause}; it said ${said}`, { cause });
        }
      }
      // The next writer takes the lock of the dead one, and frees what was leaked.
      openQcow(openImage(path("disk"), { isReadonly: false })).close();
      assertClean(path("disk"));
    }),
  );
}
