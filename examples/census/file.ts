/**
 * Files and directories under what the host preopens. WASI preview1.
 * A path is found under the preopened directory with the longest name that begins it; `.` and `/`
 * begin everything. Symbolic links are followed where named, and skipped inside directories.
 */
import {
  fd_close,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_read,
  fd_readdir,
  path_filestat_get,
  path_open,
} from "./wasi_snapshot_preview1";

export const ENOENT: u32 = 44;
export const ENOTCAPABLE: u32 = 76;
const EACCES: u32 = 2;
const ENOTDIR: u32 = 54;

const FD_PREOPENED_FIRST: u32 = 3;
const FOLLOW: u32 = 1;
const OPEN_DIRECTORY: u32 = 2;
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_READDIR: u64 = 1 << 14;
const TYPE_DIRECTORY: u8 = 3;
const TYPE_FILE: u8 = 4;
const DIRENT_BYTES: u32 = 24;

const STAT = memory.data(64);
const OPENED = memory.data(8);
const READ_COUNT = memory.data(8);
const IOV = memory.data(8);

/** Bytes that one read asks for. */
export const CHUNK_BYTES: u32 = 65536;
const CHUNK = memory.data(65536);
const LISTING = memory.data(65536);

/** What a path names. */
export enum Kind {
  Missing,
  File,
  Directory,
  Other,
}

/** A path and where it is: a preopened directory and the rest of the path. */
@final
export class Place {
  private constructor(
    readonly path: string,
    private readonly fd: u32,
    private readonly rest: ArrayBuffer,
  ) {}

  /** Finds the preopened directory of `path`; null when none begins it. */
  static find(path: string): Place | null {
    const wanted = normalize(path);
    let fd = FD_PREOPENED_FIRST;
    let found: u32 = 0;
    let foundLength = -1;
    while (fd_prestat_get(fd, STAT) === 0) {
      const name = normalize(preopenName(fd, load<u32>(STAT, 4)));
      const begins = name.length === 0 || wanted === name || wanted.startsWith(`${name}/`);
      if (begins && name.length > foundLength) {
        found = fd;
        foundLength = name.length;
      }
      fd++;
    }
    if (foundLength < 0) return null;
    const rest = foundLength === 0 ? wanted : wanted.substring(foundLength + 1);
    return new Place(path, found, String.UTF8.encode(rest.length > 0 ? rest : "."));
  }

  /** Looks up what is there; `lastErrno` says why it is missing. */
  kind(): Kind {
    const rest = this.rest;
    lastErrno = path_filestat_get(this.fd, FOLLOW, changetype<usize>(rest), rest.byteLength, STAT);
    if (lastErrno !== 0) return Kind.Missing;
    const type = load<u8>(STAT, 16);
    if (type === TYPE_FILE) return Kind.File;
    return type === TYPE_DIRECTORY ? Kind.Directory : Kind.Other;
  }

  /** Opens it for reading; 0 when that fails, and `lastErrno` says why. */
  open(): u32 {
    return this.openWith(0, RIGHT_READ);
  }

  /** The names in this directory, without `.`, `..` and what is neither file nor directory. */
  names(): string[] {
    const names: string[] = [];
    const fd = this.openWith(OPEN_DIRECTORY, RIGHT_READDIR);
    if (fd === 0) return names;
    let cookie: u64 = 0;
    let used = CHUNK_BYTES;
    while (used === CHUNK_BYTES) {
      lastErrno = fd_readdir(fd, LISTING, CHUNK_BYTES, cookie, READ_COUNT);
      if (lastErrno !== 0) break;
      used = load<u32>(READ_COUNT);
      cookie = putNames(names, used, cookie);
    }
    fd_close(fd);
    return names;
  }

  private openWith(flags: u32, rights: u64): u32 {
    const rest = this.rest;
    lastErrno = path_open(
      this.fd,
      FOLLOW,
      changetype<usize>(rest),
      rest.byteLength,
      flags,
      rights,
      0,
      0,
      OPENED,
    );
    return lastErrno === 0 ? load<u32>(OPENED) : 0;
  }
}

/** The errno of the last call on a place or file; 0 if it succeeded. */
export let lastErrno: u32 = 0;

/** Reads the next chunk of an open file to `chunkAddress()`; 0 at its end or on an error. */
export function readChunk(fd: u32): u32 {
  store<u32>(IOV, <u32>CHUNK);
  store<u32>(IOV, CHUNK_BYTES, 4);
  lastErrno = fd_read(fd, IOV, 1, READ_COUNT);
  return lastErrno === 0 ? load<u32>(READ_COUNT) : 0;
}

/** Where `readChunk` puts its bytes. */
export function chunkAddress(): usize {
  return CHUNK;
}

/** Closes an open file. */
export function close(fd: u32): void {
  fd_close(fd);
}

/** An errno in words. */
export function errnoText(errno: u32): string {
  if (errno === ENOENT) return "no such file or directory";
  if (errno === ENOTCAPABLE) return "not in a directory that this guest may see (wmon run --dir)";
  if (errno === EACCES) return "permission denied";
  if (errno === ENOTDIR) return "not a directory";
  return `WASI errno ${errno}`;
}

/** Appends the whole entries of a listing; the cookie to continue from. */
function putNames(names: string[], used: u32, cookie: u64): u64 {
  let begin: u32 = 0;
  let next = cookie;
  while (begin + DIRENT_BYTES <= used) {
    const entry = LISTING + begin;
    const nameBytes = load<u32>(entry, 16);
    begin += DIRENT_BYTES + nameBytes;
    if (begin > used) break; // cut: the next call brings it whole
    next = load<u64>(entry);
    const type = load<u8>(entry, 20);
    if (type !== TYPE_FILE && type !== TYPE_DIRECTORY) continue;
    const name = String.UTF8.decodeUnsafe(entry + DIRENT_BYTES, nameBytes);
    if (name !== "." && name !== "..") names.push(name);
  }
  return next;
}

function preopenName(fd: u32, byteCount: u32): string {
  const bytes = new StaticArray<u8>(byteCount);
  const address = changetype<usize>(bytes);
  if (fd_prestat_dir_name(fd, address, byteCount) !== 0) return "";
  return String.UTF8.decodeUnsafe(address, byteCount, true);
}

/** Without `./` and `/` around it; `.` and `/` become empty. */
function normalize(path: string): string {
  let begin = 0;
  let until = path.length;
  while (begin < until) {
    if (path.charAt(begin) === "/") begin++;
    else if (
      path.charAt(begin) === "." &&
      (begin + 1 === until || path.charAt(begin + 1) === "/")
    ) {
      begin++;
    } else break;
  }
  while (until > begin && path.charAt(until - 1) === "/") until--;
  return path.substring(begin, until);
}
