/**
 * Disk images as files of Node: read, written and synced, all synchronously, and locked.
 */
import type * as Fs from "node:fs";
import type * as Path from "node:path";
import { BlockError } from "../block/device.js";
import type { ImageFile, OpenImageOptions } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import { builtin } from "./node-builtin.js";
import { lockImage, reasonOf } from "./node-lock.js";

export { lockImage } from "./node-lock.js";

export interface OpenOptions extends OpenImageOptions {
  /**
   * Whether to look for others, and to keep writers out while writing.
   * @default true
   */
  readonly isLocked?: boolean | undefined;
}

const NO_SPACE: readonly string[] = ["ENOSPC", "EDQUOT", "EFBIG"];

/** Opens an image that exists. Throws OPTION_INVALID where it cannot be opened, or is locked. */
export function openImage(path: string, options: OpenOptions): ImageFile {
  const { isReadonly, from, isLocked = true } = options;
  const { dirname, resolve } = builtin<typeof Path>("node:path");
  const name = from === undefined ? path : resolve(dirname(from), path);
  assertRegular(name);
  const unlock = isLocked ? lockImage(name, { isReadonly }) : () => {};
  try {
    return openFile(name, isReadonly ? "r" : "r+", unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Makes a new, empty image, locked. Throws OPTION_INVALID where something has that name, or it
 * cannot be locked; it is not there then.
 */
export function createImage(path: string): ImageFile {
  const fs = builtin<typeof Fs>("node:fs");
  try {
    fs.closeSync(fs.openSync(path, "wx"));
  } catch (error) {
    const isLost = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw isLost ? refused(`${path}: its folder does not exist`) : cannotOpen(path, error);
  }
  try {
    syncFolder(fs, path);
    return openImage(path, { isReadonly: false });
  } catch (error) {
    fs.rmSync(path, { force: true });
    throw error instanceof MonitorError ? error : cannotOpen(path, error);
  }
}

/** A file's name is as safe as its folder: the folder is synced too. */
function syncFolder(fs: typeof Fs, path: string): void {
  const folder = fs.openSync(builtin<typeof Path>("node:path").dirname(path), "r");
  try {
    fs.fsyncSync(folder);
  } finally {
    fs.closeSync(folder);
  }
}

/** Before anything is done with it: opening a pipe waits for somebody at its other end. */
function assertRegular(name: string): void {
  try {
    if (builtin<typeof Fs>("node:fs").statSync(name).isFile()) return;
  } catch (error) {
    throw cannotOpen(name, error);
  }
  throw refused(`${name}: no regular file`);
}

function openFile(name: string, flags: "r" | "r+", unlock: () => void): ImageFile {
  const fs = builtin<typeof Fs>("node:fs");
  try {
    const descriptor = fs.openSync(name, flags);
    const byteCount = fs.fstatSync(descriptor).size;
    return new NodeImage(fs, { name, descriptor, byteCount, flags, unlock });
  } catch (error) {
    throw cannotOpen(name, error);
  }
}

interface Opened {
  readonly name: string;
  readonly descriptor: number;
  readonly byteCount: number;
  readonly flags: "r" | "r+";
  unlock(): void;
}

/** Nobody else changes the file's length: it is asked for once. */
class NodeImage implements ImageFile {
  readonly name: string;
  readonly isReadonly: boolean;
  byteCount: number;

  private readonly descriptor: number;
  private isClosed = false;
  /** Of the first sync that failed. */
  private syncFault: BlockError | undefined;

  constructor(
    private readonly fs: typeof Fs,
    private readonly opened: Opened,
  ) {
    this.name = opened.name;
    this.isReadonly = opened.flags === "r";
    this.byteCount = opened.byteCount;
    this.descriptor = opened.descriptor;
  }

  read(offset: number, target: Uint8Array): void {
    let at = 0;
    try {
      while (at < target.length) {
        const count = this.fs.readSync(
          this.descriptor,
          target,
          at,
          target.length - at,
          offset + at,
        );
        if (count === 0) break;
        at += count;
      }
    } catch (error) {
      throw this.fault("read", error);
    }
    if (at < target.length) target.fill(0, at);
  }

  write(offset: number, source: Uint8Array): void {
    let at = 0;
    try {
      while (at < source.length) {
        const left = source.length - at;
        at += this.fs.writeSync(this.descriptor, source, at, left, offset + at);
      }
    } catch (error) {
      throw this.fault("write", error);
    } finally {
      if (at > 0) this.byteCount = Math.max(this.byteCount, offset + at);
    }
  }

  truncate(byteCount: number): void {
    try {
      this.fs.ftruncateSync(this.descriptor, byteCount);
      this.byteCount = byteCount;
    } catch (error) {
      throw this.fault("truncate", error);
    }
  }

  /**
   * Systems tell of a failure once, and may drop what was not written: a later sync would succeed
   * without it. So every later one fails too, as in qemu's block/file-posix.c.
   */
  sync(): void {
    if (this.syncFault !== undefined) throw this.syncFault;
    try {
      this.fs.fdatasyncSync(this.descriptor);
    } catch (error) {
      const message = `${this.name}: cannot sync: ${text(error)}`;
      this.syncFault = new BlockError("io", message, { cause: error });
      throw this.syncFault;
    }
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    try {
      this.fs.closeSync(this.descriptor);
    } finally {
      this.opened.unlock();
    }
  }

  private fault(what: string, cause: unknown): BlockError {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    const fault = NO_SPACE.includes(code) ? "no-space" : "io";
    return new BlockError(fault, `${this.name}: cannot ${what}: ${text(cause)}`, { cause });
  }
}

function cannotOpen(name: string, cause: unknown): MonitorError {
  return refused(`${name}: ${reasonOf(cause)}`, cause);
}

function refused(message: string, cause?: unknown): MonitorError {
  return new MonitorError("OPTION_INVALID", message, { cause });
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
