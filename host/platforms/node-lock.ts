/**
 * One writer of an image at a time: a lock file beside it, and on Linux a look at others' locks,
 * such as qemu's (`/proc/locks`; bytes as in qemu's block/file-posix.c).
 *
 * Node has no call that locks a file: programs that do not know our lock file are not kept out.
 */
import type * as Fs from "node:fs";
import type * as Os from "node:os";
import { MonitorError } from "../errors.js";
import { builtin } from "./node-builtin.js";

export interface LockOptions {
  readonly isReadonly: boolean;
}

/** Of qemu's lock bytes, those whose holder may write, or bears no reader. */
const WRITER_BYTES: readonly number[] = [101, 103, 200];

/** A lock of ours is shorter. */
const OWNER_BYTES_MAX = 4096;

/**
 * Keeps other writers away from the image at `path` until the function that it returns is called;
 * a reader only looks whether there is a writer. Throws OPTION_INVALID where somebody has it.
 */
export function lockImage(path: string, { isReadonly }: LockOptions): () => void {
  const fs = builtin<typeof Fs>("node:fs");
  const real = realPath(fs, path);
  const lock = `${real}.lock`;
  assertNoLocks(fs, { path, real, isReadonly });
  const own = describeSelf(fs);
  if (isReadonly) {
    const owner = readOwner(fs, lock);
    if (owner !== undefined && !isGone(fs, owner)) throw inUse({ path, lock, own }, owner);
    return () => {};
  }
  try {
    takeLock(fs, { path, lock, own });
  } catch (cause) {
    if (cause instanceof MonitorError) throw cause;
    throw new MonitorError("OPTION_INVALID", `${path} cannot be locked: ${reasonOf(cause)}`, {
      cause,
    });
  }
  return () => {
    if (readOwner(fs, lock) === own) fs.rmSync(lock, { force: true });
  };
}

/** The name that all links to the file share; hard links do not. */
function realPath(fs: typeof Fs, path: string): string {
  try {
    return fs.realpathSync(path);
  } catch (cause) {
    throw new MonitorError("OPTION_INVALID", `${path}: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EEXIST: "there is one already",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "its file system is read-only",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "its name is too long",
};

/** Why a file cannot be opened, for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return REASONS[(error as NodeJS.ErrnoException).code ?? ""] ?? error.message;
}

interface Wanted {
  readonly path: string;
  readonly lock: string;
  readonly own: string;
}

/** The lock file appears whole or not at all: it is linked into place. */
function takeLock(fs: typeof Fs, wanted: Wanted): void {
  const { lock, own } = wanted;
  const draft = `${lock}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    fs.writeFileSync(draft, own, { flag: "wx", flush: true } as Fs.WriteFileOptions);
    if (tryLink(fs, draft, lock)) return;
    const owner = readOwner(fs, lock);
    if (owner === undefined || !isGone(fs, owner)) throw inUse(wanted, owner ?? "");
    removeStale(fs, wanted, owner);
    if (!tryLink(fs, draft, lock)) throw inUse(wanted, readOwner(fs, lock) ?? "");
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function tryLink(fs: typeof Fs, draft: string, lock: string): boolean {
  try {
    fs.linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes the lock of a process that is gone. Only who holds the claim on it may, and looks again:
 * another may have done so, and live.
 */
function removeStale(fs: typeof Fs, { path, lock }: Wanted, owner: string): void {
  const claim = `${lock}.claim`;
  try {
    fs.closeSync(fs.openSync(claim, "wx"));
  } catch (cause) {
    throw new MonitorError("OPTION_INVALID", `${path} is being locked; else remove ${claim}`, {
      cause,
    });
  }
  try {
    if (readOwner(fs, lock) === owner) fs.rmSync(lock, { force: true });
  } finally {
    fs.rmSync(claim, { force: true });
  }
}

/** Machine, its start, process space, process and its start: one a line. */
function describeSelf(fs: typeof Fs): string {
  const pid = String(process.pid);
  const host = builtin<typeof Os>("node:os").hostname();
  return [host, bootOf(fs), spaceOf(fs), pid, startOf(fs, pid), ""].join("\n");
}

/** Whether the process that wrote a lock is surely gone. */
function isGone(fs: typeof Fs, owner: string): boolean {
  const [host, boot, space, pid = "", start] = owner.split("\n");
  if (host !== builtin<typeof Os>("node:os").hostname()) return false;
  if (boot !== bootOf(fs)) return true;
  if (space !== spaceOf(fs)) return false;
  return start === "" ? !isAlive(pid) : startOf(fs, pid) !== start;
}

/** Where there is no /proc, a process number that was given again keeps the lock: the safe side. */
function isAlive(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** When the process started, in ticks since the machine did; empty where it has ended. */
function startOf(fs: typeof Fs, pid: string): string {
  // The command's name, in parentheses, may have spaces: 19 fields behind it stands the start.
  const [, fields = ""] = /^.*\) (.*)$/s.exec(readText(fs, `/proc/${pid}/stat`)) ?? [];
  const [state, ...rest] = fields.split(" ");
  return state === "Z" ? "" : (rest[18] ?? "");
}

function bootOf(fs: typeof Fs): string {
  return readText(fs, "/proc/sys/kernel/random/boot_id").trim();
}

/** Process numbers mean something within their namespace only. */
function spaceOf(fs: typeof Fs): string {
  try {
    return fs.readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** Who wrote a lock; undefined where there is none, empty where it is no lock of ours. */
function readOwner(fs: typeof Fs, lock: string): string | undefined {
  try {
    const found = fs.lstatSync(lock, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    // Opening a pipe might never end, and reading a device neither.
    if (!found.isFile() || found.size > OWNER_BYTES_MAX) return "";
    return fs.readFileSync(lock, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "";
  }
}

function readText(fs: typeof Fs, path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Refuses a file that other programs have locked: any lock for a writer, writers' for a reader. */
function assertNoLocks(
  fs: typeof Fs,
  { path, real, isReadonly }: { path: string; real: string; isReadonly: boolean },
): void {
  const { dev, ino } = fs.statSync(real, { bigint: true });
  for (const line of readText(fs, "/proc/locks").split("\n")) {
    const fields = line.replace(/^\d+: (-> )?/, "").split(/\s+/);
    const [, , access, pid, place = "", first, last] = fields;
    if (place !== placeOf(dev, ino)) continue;
    const covers = (byte: number) =>
      Number(first) <= byte && (last === "EOF" || byte <= Number(last));
    if (!isReadonly || access === "WRITE" || WRITER_BYTES.some(covers)) {
      const who = pid === undefined || pid === "-1" ? "another program" : `process ${pid}`;
      throw new MonitorError("OPTION_INVALID", `${path} is in use by ${who}, which has locked it`);
    }
  }
}

/** A file as `/proc/locks` has it: major and minor device in hexadecimal, and the inode. */
function placeOf(dev: bigint, ino: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const hex = (value: bigint) => value.toString(16).padStart(2, "0");
  return `${hex(major)}:${hex(minor)}:${ino}`;
}

function inUse({ path, lock, own }: Wanted, owner: string): MonitorError {
  const [host = "", , , pid = ""] = owner.split("\n");
  const here = host === builtin<typeof Os>("node:os").hostname();
  const who = pid === "" ? "somebody" : `process ${pid}${here ? "" : ` on ${host}`}`;
  const advice =
    owner === own
      ? "that is this one: an image that is written is behind no other, nor behind itself"
      : `if that is long gone, remove ${lock}`;
  return new MonitorError("OPTION_INVALID", `${path} is in use by ${who}; ${advice}`);
}
