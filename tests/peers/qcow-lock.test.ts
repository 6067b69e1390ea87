/**
 * An image that qemu has open: its locks are seen, and kept to.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { openImage } from "../../host/platforms/node-image.js";
import { missing, needProgram } from "./program.js";
import { QEMU_PROGRAMS, qemuImg } from "./qemu.js";
import { withFolder } from "./qemu-image.js";

const skip = process.platform === "linux" ? missing(...QEMU_PROGRAMS) : "Linux only";
const LOCKED = { code: "OPTION_INVALID", message: /in use by .*, which has locked it/ };

/** Runs `use` while qemu-io has the image open. */
async function whileOpen(path: string, options: readonly string[], use: () => void): Promise<void> {
  const child = spawn(needProgram("qemu-io"), [...options, path], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(child, "close");
  // It answers once it has the image.
  child.stdin.write("length\n");
  await once(child.stdout, "data");
  try {
    use();
  } finally {
    child.stdin.end("quit\n");
    await gone;
  }
}

test("qemu writes: neither writer nor reader of ours, unless forced", { skip }, () =>
  withFolder(async (path) => {
    const disk = path("disk");
    qemuImg("create", "-q", "-f", "qcow2", disk, "1M");
    await whileOpen(disk, [], () => {
      assert.throws(() => openImage(disk, { isReadonly: false }), LOCKED);
      assert.throws(() => openImage(disk, { isReadonly: true }), LOCKED);
      openImage(disk, { isReadonly: true, isLocked: false }).close();
    });
    openImage(disk, { isReadonly: false }).close();
  }),
);

test("qemu reads: our readers are welcome, our writers not", { skip }, () =>
  withFolder(async (path) => {
    const disk = path("disk");
    qemuImg("create", "-q", "-f", "qcow2", disk, "1M");
    await whileOpen(disk, ["-r"], () => {
      assert.throws(() => openImage(disk, { isReadonly: false }), LOCKED);
      openImage(disk, { isReadonly: true }).close();
    });
  }),
);
