/**
 * Files by WASI: a path is looked up among the directories that the runtime hands over, by the
 * longest name that it begins with. Descriptors that stay open are kept from the guest.
 */
import { absolute } from "./ground";
import {
  fd_close,
  fd_prestat_dir_name,
  fd_prestat_get,
  fd_read,
  fd_write,
  path_filestat_get,
  path_open,
  path_rename,
} from "./wasi_snapshot_preview1";

/** Error numbers of preview1. */
export const ERRNO_AGAIN: u32 = 6;
/** Of `path_open`. */
export const OPEN_CREATE: u32 = 1;
export const OPEN_TRUNCATE: u32 = 8;
/** Of a descriptor. */
export const FLAG_APPEND: u32 = 1;
export const FLAG_NONBLOCK: u32 = 4;
/** To read, and to begin elsewhere than at the start. */
export const RIGHT_READ: u64 = (1 << 1) | (1 << 2) | (1 << 5);
export const RIGHT_WRITE: u64 = 1 << 6;
const RIGHT_STAT: u64 = 1 << 21;
const REGULAR: u32 = 4;

const FIRST_DIRECTORY: u32 = 3;
const DIRECTORIES_MAX: u32 = 256;
const FOLLOW_SYMLINKS: u32 = 1;
/** Longest path, and longest name of a directory. */
export const PATH_BYTES_MAX: u32 = 4096;

const name: usize = memory.data(4096, 16);
const iov: usize = memory.data(8, 8);
const result: usize = memory.data(8, 8);
const stat: usize = memory.data(64, 8);

/** The descriptors that the monitor keeps open; 0 is none: that is the guest's standard input. */
let ownedFirst: u32 = 0;
let ownedSecond: u32 = 0;

/** Where a path leads: a directory's descriptor and a path below it. */
@unmanaged
export class Place {
  /** 0: in no directory that is there. */
  directory: u32;
  /** Address of the path below the directory. */
  path: usize;
  byteCount: u32;
}

/** Finds the place of a path; false if no directory's name begins it. */
export function findPlace(place: Place, path: usize, byteCount: u32): bool {
  let longest: i32 = -1;
  for (let fd = FIRST_DIRECTORY; fd < FIRST_DIRECTORY + DIRECTORIES_MAX; fd++) {
    if (fd_prestat_get(fd, absolute(result))) break;
    const nameBytes = load<u32>(result, 4);
    if (load<u8>(result) || nameBytes > PATH_BYTES_MAX) continue;
    if (fd_prestat_dir_name(fd, absolute(name), nameBytes)) continue;
    const begun = bytesBegun(path, byteCount, nameBytes);
    if (begun <= longest) continue;
    longest = begun;
    place.directory = fd;
    place.path = path + begun;
    place.byteCount = byteCount - begun;
  }
  return longest >= 0;
}

/** Bytes of the path that a directory's name and a slash take; -1 if it does not begin so. */
function bytesBegun(path: usize, byteCount: u32, nameBytes: u32): i32 {
  // Some runtimes count a terminating zero.
  while (nameBytes && (load<u8>(name + nameBytes - 1) | 0x2f) == 0x2f) nameBytes--;
  if (nameBytes == 1 && load<u8>(name) == 0x2e) {
    // `.`: every relative path, with or without `./`.
    if (load<u8>(path) == 0x2f) return -1;
    return byteCount > 2 && load<u16>(path) == 0x2f2e ? 2 : 0;
  }
  if (byteCount <= nameBytes + 1) return -1;
  for (let i: u32 = 0; i < nameBytes; i++) {
    if (load<u8>(path + i) != load<u8>(name + i)) return -1;
  }
  return load<u8>(path + nameBytes) == 0x2f ? nameBytes + 1 : -1;
}

/** Opens a file; its descriptor, or the negative errno. */
export function openFile(place: Place, how: u32, rights: u64, flags: u32): i32 {
  const errno = path_open(
    place.directory,
    FOLLOW_SYMLINKS,
    absolute(place.path),
    place.byteCount,
    how,
    rights | RIGHT_STAT,
    0,
    flags,
    absolute(result),
  );
  return errno ? -(<i32>errno) : load<i32>(result);
}

export function closeFile(fd: u32): void {
  fd_close(fd);
}

/** Writes all bytes; 0, or the errno at which it stopped. */
export function writeFile(fd: u32, start: usize, byteCount: u32): u32 {
  while (byteCount) {
    store<u32>(iov, <u32>absolute(start));
    store<u32>(iov, byteCount, 4);
    const errno = fd_write(fd, absolute(iov), 1, absolute(result));
    if (errno) return errno;
    const written = load<u32>(result);
    if (!written) return ERRNO_AGAIN;
    start += written;
    byteCount -= written;
  }
  return 0;
}

/** Reads at most so many bytes; how many, or the negative errno. */
export function readFile(fd: u32, target: usize, bytesMax: u32): i32 {
  store<u32>(iov, <u32>absolute(target));
  store<u32>(iov, bytesMax, 4);
  const errno = fd_read(fd, absolute(iov), 1, absolute(result));
  return errno ? -(<i32>errno) : load<i32>(result);
}

/** Renames a file in one step; 0 or an errno. */
export function renameFile(from: Place, to: Place): u32 {
  return path_rename(
    from.directory,
    absolute(from.path),
    from.byteCount,
    to.directory,
    absolute(to.path),
    to.byteCount,
  );
}

/** Looks at what a path leads to, for `isRegular` and the like; false if there is nothing. */
export function lookUp(place: Place): bool {
  const path = absolute(place.path);
  return !path_filestat_get(
    place.directory,
    FOLLOW_SYMLINKS,
    path,
    place.byteCount,
    absolute(stat),
  );
}

/** Whether what was looked up is a file of bytes, not a pipe. */
export function isRegular(): bool {
  return load<u8>(stat, 16) == REGULAR;
}

/** Bytes of what was looked up. */
export function byteCountFound(): u64 {
  return load<u64>(stat, 32);
}

/** When what was looked up was last modified. */
export function modifiedNs(): u64 {
  return load<u64>(stat, 48);
}

/** Keeps a descriptor from the guest: of two at most. */
export function keepFromGuest(fd: u32): void {
  if (ownedFirst) ownedSecond = fd;
  else ownedFirst = fd;
}

/** Gives a descriptor back, before it is closed. */
export function giveBack(fd: u32): void {
  if (ownedFirst == fd) ownedFirst = 0;
  else if (ownedSecond == fd) ownedSecond = 0;
}

/** Whether the guest must not touch a descriptor. */
export function isKept(fd: u32): bool {
  return (fd != 0) & ((fd == ownedFirst) | (fd == ownedSecond));
}
