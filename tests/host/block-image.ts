/**
 * Images on disk, the guest that uses them (`tests/guests/assembly/block.ts`), and QEMU's opinion.
 */
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, openSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createImage, openImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { checkImage } from "../../host/qcow/reader/check.js";
import { guestPath } from "../guests/guest.js";
import { findProgram } from "../peers/program.js";
import { tryQemuImg } from "../peers/qemu.js";
import { type Ending, QUIET, runWmon, temporaryFolder, type Wmon } from "./wmon.js";

/** An empty image in a folder of its own; its path. */
export function makeImage(
  t: TestContext,
  kind: "raw" | "qcow2",
  capacityBytes = 8 * 1024 * 1024,
): string {
  const path = join(temporaryFolder(t), `disk.${kind}`);
  if (kind === "qcow2") {
    const file = createImage(path);
    createQcow(file, { capacityBytes });
    file.close();
  } else {
    const file = openSync(path, "wx");
    ftruncateSync(file, capacityBytes);
    closeSync(file);
  }
  return path;
}

/** The command line that does `operations` to the device `disk`. */
export function blockArgs(
  image: string,
  operations: readonly string[],
  options: readonly string[] = QUIET,
): string[] {
  return [
    ...["run", ...options, "--block", `disk=${image}`],
    ...[guestPath("block"), "--", "disk", ...operations],
  ];
}

/** Does `operations` to the device `disk`, pushing to standard output; must end well. */
export async function runBlock(
  t: TestContext,
  image: string,
  operations: readonly string[],
): Promise<Wmon & Ending> {
  const options = [...QUIET, "--push", "-", "--timestamps", "none"];
  const ended = await runWmon(t, blockArgs(image, operations, options));
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

/** What the guest printed: a line an operation. */
export function linesOf({ stdout }: { readonly stdout: string }): string[] {
  return stdout.split("\n").filter((line) => /^(info|read|write|discard|flush|wait)\b/.test(line));
}

/** The line that a read of `byteCount` bytes, all of them `fill`, prints. */
export function readLine(byteCount: number, fill: number): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < byteCount; i++) hash = Math.imul(hash ^ fill, 0x01000193) >>> 0;
  return `read 0 ${hash}`;
}

/**
 * Fails if our check, or QEMU's, finds anything wrong with a qcow2 image; leaked clusters may be
 * where `leaks` says so. Without QEMU ours has to do, but in CI.
 */
export function checkQcow(path: string, leaks: "no leaks" | "leaks"): void {
  const file = openImage(path, { isReadonly: true });
  const { verdict, findings } = checkImage(file);
  file.close();
  const verdicts = leaks === "leaks" ? ["clean", "leaks"] : ["clean"];
  assert.ok(verdicts.includes(verdict), JSON.stringify(findings.slice(0, 8)));
  if (findProgram("qemu-img") === undefined && process.env.CI !== "true") return;
  const { status, stdout, stderr } = tryQemuImg("check", path);
  // 3: no errors, but leaks.
  const allowed = leaks === "leaks" ? [0, 3] : [0];
  assert.ok(allowed.includes(status ?? -1), `qemu-img check: ${status}\n${stdout}${stderr}`);
}

/** Fails if QEMU finds another disk in a qcow2 image than in a raw one. */
export function compareWithRaw(image: string, raw: string, hint: string): void {
  if (findProgram("qemu-img") === undefined && process.env.CI !== "true") return;
  const { stdout, stderr, status } = tryQemuImg("compare", "-f", "qcow2", "-F", "raw", image, raw);
  assert.equal(status, 0, `${stdout}${stderr}${hint}`);
}
