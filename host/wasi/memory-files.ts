/**
 * Directories of the host, copied into the in-memory file system of @wasmer/wasi within limits.
 * Links and devices are left out, and counted.
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { MemFS } from "@wasmer/wasi";
import { MonitorError } from "../errors.js";
import type { BackendOptions } from "./backend.js";

/** Bytes of all files copied into one sandbox. */
const BYTES_MAX = 256 * 1024 * 1024;
/** Files and directories copied into one sandbox. */
const FILES_MAX = 20_000;

/**
 * Makes a file system that holds a copy of each directory, and notes what was copied. Throws
 * `GUEST_INVALID` when they are too large.
 */
export function copyFiles({
  directories,
  note,
}: Pick<BackendOptions, "directories" | "note">): MemFS {
  const copier = new Copier();
  for (const [guestPath, hostPath] of Object.entries(directories)) {
    copier.copyDirectory(hostPath, inside(guestPath));
    note(`sandbox: copied ${hostPath} to ${guestPath}: ${copier.takeSummary()}`);
  }
  return copier.files;
}

/** Where the file system keeps a guest's directory: absolute, whatever the guest calls it. */
export function inside(guestPath: string): string {
  return posix.resolve("/", guestPath);
}

/** Copies from disk into memory, within the limits above. */
class Copier {
  readonly files = new MemFS();
  readonly #made = new Set(["/"]);
  #byteCount = 0;
  #fileCount = 0;
  #copiedCount = 0;
  #skippedCount = 0;

  copyDirectory(hostPath: string, target: string): void {
    this.#makeDirectory(target);
    for (const entry of readdirSync(hostPath, { withFileTypes: true })) {
      const from = join(hostPath, entry.name);
      const to = posix.join(target, entry.name);
      if (entry.isDirectory()) this.copyDirectory(from, to);
      else if (entry.isFile()) this.#copyFile(from, to);
      else this.#skippedCount++;
    }
  }

  /** What was copied since the last summary. */
  takeSummary(): string {
    const files = this.#copiedCount === 1 ? "file" : "files";
    const skipped =
      this.#skippedCount > 0 ? `, skipped ${this.#skippedCount} that are no files` : "";
    const summary = `${this.#copiedCount} ${files}${skipped}; what the guest writes is not kept`;
    this.#copiedCount = 0;
    this.#skippedCount = 0;
    return summary;
  }

  #makeDirectory(path: string): void {
    if (this.#made.has(path)) return;
    this.#makeDirectory(posix.dirname(path));
    this.#admit(path, 0);
    this.files.createDir(path);
    this.#made.add(path);
  }

  #copyFile(from: string, to: string): void {
    this.#admit(from, lstatSync(from).size);
    const file = this.files.open(to, { read: true, write: true, create: true, truncate: true });
    file.write(readFileSync(from));
    file.flush();
    file.free();
    this.#copiedCount++;
  }

  #admit(path: string, byteCount: number): void {
    this.#byteCount += byteCount;
    this.#fileCount++;
    if (this.#byteCount <= BYTES_MAX && this.#fileCount <= FILES_MAX) return;
    const limits = `${FILES_MAX} files and ${BYTES_MAX >> 20} MiB`;
    const fix = "name a smaller --dir, or run without --sandbox";
    throw new MonitorError(
      "GUEST_INVALID",
      `${path} is too much for the sandbox: ${limits}; ${fix}`,
    );
  }
}
