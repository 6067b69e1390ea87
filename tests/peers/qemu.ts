/**
 * qemu's own tools for disk images, of Debian's qemu-utils.
 */
import { spawnSync } from "node:child_process";
import { needProgram } from "./program.js";

/** What tests need to be there. */
export const QEMU_PROGRAMS = ["qemu-img", "qemu-io"] as const;

const OUTPUT_BYTES_MAX = 1 << 26;

export interface QemuResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `qemu-img`, whatever comes of it. */
export function tryQemuImg(...args: readonly string[]): QemuResult {
  return spawnSync(needProgram("qemu-img"), args, {
    encoding: "utf8",
    maxBuffer: OUTPUT_BYTES_MAX,
  });
}

/** Runs `qemu-img`, which has to succeed; what it prints. */
export function qemuImg(...args: readonly string[]): string {
  const { status, stdout, stderr } = tryQemuImg(...args);
  if (status !== 0) throw new Error(`qemu-img ${args.join(" ")}: ${status}: ${stdout}${stderr}`);
  return stdout;
}

/** Runs commands of `qemu-io` on an image. */
export function qemuIo(path: string, ...commands: readonly string[]): void {
  const args = commands.flatMap((command) => ["-c", command]);
  const { status, stdout, stderr } = spawnSync(needProgram("qemu-io"), [...args, path], {
    encoding: "utf8",
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  if (status !== 0) throw new Error(`qemu-io ${commands.join("; ")}: ${stdout}${stderr}`);
}
