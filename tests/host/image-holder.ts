/**
 * A process that opens the image it is given for writing, says what came of it, and keeps it.
 */
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openImage } from "../../host/platforms/node-image.js";

/** The file to start. */
export const HOLDER = fileURLToPath(import.meta.url);

function openForever(path: string): void {
  try {
    openImage(path, { isReadonly: false });
    writeSync(1, "open\n");
    setInterval(() => {}, 1 << 30);
  } catch (error) {
    writeSync(1, `${error instanceof Error ? error.message : error}\n`);
  }
}

const [, started, path] = process.argv;
if (started === HOLDER && path !== undefined) openForever(path);
