/**
 * A process that writes to a qcow2 image until it is killed: random operations, the same for the
 * same seed, and a line on stdout before each, and after each flush.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openImage } from "../../host/platforms/node-image.js";
import { openQcow } from "../../host/qcow/open.js";
import { Random } from "../wasm/random.js";

/** The file to start. */
export const WRITER = fileURLToPath(import.meta.url);
const SECTOR = 512;

export interface Change {
  readonly kind: "write" | "discard" | "flush" | "compact";
  readonly offset: number;
  readonly byteCount: number;
  /** What is written. */
  readonly byte: number;
}

/** The next operation on a disk of that many bytes. */
export function drawChange(random: Random, capacityBytes: number): Change {
  const kinds = ["write", "write", "write", "write", "discard", "flush", "compact"] as const;
  const kind = random.pick(kinds);
  const offset = random.below(capacityBytes / SECTOR) * SECTOR;
  const byteCount = Math.min((1 + random.below(200)) * SECTOR, capacityBytes - offset);
  return { kind, offset, byteCount, byte: 1 + random.below(255) };
}

/** Writes until the end of the process. */
function writeForever(path: string, seed: number): never {
  const device = openQcow(openImage(path, { isReadonly: false }));
  const random = new Random(seed);
  for (let index = 0; ; index++) {
    const { kind, offset, byteCount, byte } = drawChange(random, device.capacityBytes);
    writeSync(1, `${index}\n`);
    if (kind === "write") device.write(offset, new Uint8Array(byteCount).fill(byte));
    else if (kind === "discard") device.discard(offset, byteCount);
    else if (kind === "flush") device.flush();
    else device.compact(50);
    if (kind === "flush") writeSync(1, `flushed ${index}\n`);
  }
}

const [, started, path, seed] = process.argv;
if (started === WRITER && path !== undefined) writeForever(path, Number(seed));
