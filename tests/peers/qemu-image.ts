/**
 * A qcow2 image on disk, as qemu sees it: whether it is sound, and what it reads as.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needProgram } from "./program.js";
import { qemuImg, tryQemuImg } from "./qemu.js";

export interface CheckResult {
  readonly corruptions: number;
  readonly leaks: number;
  readonly text: string;
}

/** What `qemu-img check` finds. */
export function checkByQemu(path: string): CheckResult {
  const { stdout, stderr } = tryQemuImg("check", "-f", "qcow2", "--output=json", path);
  assert.ok(stdout.startsWith("{"), stderr);
  const found = JSON.parse(stdout) as Readonly<Record<string, number | undefined>>;
  const { corruptions = 0, leaks = 0 } = found;
  assert.equal(found["check-errors"], 0, stdout);
  return { corruptions, leaks, text: `${stdout}${stderr}` };
}

/** qemu finds nothing wrong, and nothing lost. */
export function assertClean(path: string, story = ""): void {
  const { corruptions, leaks, text } = checkByQemu(path);
  assert.deepEqual({ corruptions, leaks }, { corruptions: 0, leaks: 0 }, `${text}\n${story}`);
}

/** The disk as qemu reads it. */
export function readByQemu(path: string): Uint8Array {
  const raw = `${path}.raw`;
  qemuImg("convert", "-f", "qcow2", "-O", "raw", path, raw);
  const bytes = readFileSync(raw);
  rmSync(raw);
  return bytes;
}

/** Runs commands of qemu-io, the last of which is its death: the image stays as it is then. */
export function crashQemuIo(path: string, ...commands: readonly string[]): void {
  const args = [...commands, "abort"].flatMap((command) => ["-c", command]);
  const { stdout, stderr, signal } = spawnSync(needProgram("qemu-io"), [...args, path], {
    encoding: "utf8",
  });
  assert.equal(signal, "SIGABRT", `${stdout}${stderr}`);
}

/** Runs `use` with a folder that is gone afterwards. */
export async function withFolder(use: (path: (name: string) => string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "qcow-"));
  try {
    await use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
