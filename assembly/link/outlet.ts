/**
 * Where bytes go: a descriptor that the runtime hands over (`fd:1`), or a path. A file is opened
 * for each write, so that it may be moved away in between; a pipe is opened once, without waiting
 * for a reader where the runtime can do so.
 */
import {
  closeFile,
  ERRNO_AGAIN,
  FLAG_APPEND,
  FLAG_NONBLOCK,
  findPlace,
  giveBack,
  isRegular,
  keepFromGuest,
  lookUp,
  OPEN_CREATE,
  openFile,
  Place,
  RIGHT_WRITE,
  writeFile,
} from "./file";

@unmanaged
@final
export class Outlet extends Place {
  isSet: bool;
  /** Of a descriptor, or of a pipe that is open; -1 while it is not. */
  fd: i32;
  /** The last bytes ended within a line. */
  isTorn: bool;
}

const newline: usize = memory.data<u8>([0x0a]);

/** Reads `fd:N` or a path; false if it is neither, or in no directory that is there. */
export function parseOutlet(outlet: Outlet, start: usize, end: usize): bool {
  outlet.isSet = true;
  outlet.fd = -1;
  if (end - start > 3 && load<u16>(start) == 0x6466 && load<u8>(start, 2) == 0x3a) {
    let fd = 0;
    for (let at = start + 3; at < end; at++) {
      const digit = <i32>load<u8>(at) - 0x30;
      if ((digit < 0) | (digit > 9) | (fd > 9999)) return false;
      fd = fd * 10 + digit;
    }
    outlet.fd = fd;
    return true;
  }
  return findPlace(outlet, start, <u32>(end - start));
}

/** Appends whole lines; 0, or an errno: then what is missing is lost. */
export function writeLines(outlet: Outlet, start: usize, byteCount: u32): u32 {
  const isKnown = outlet.fd >= 0;
  // What is no file of bytes is a pipe or a device; what is not there yet becomes a file.
  const isFile = !isKnown && (!lookUp(outlet) || isRegular());
  const fd = isKnown ? outlet.fd : openFile(outlet, OPEN_CREATE, RIGHT_WRITE, flagsOf(isFile));
  if (fd < 0) return -fd;
  let errno = outlet.isTorn ? writeFile(fd, newline, 1) : 0;
  if (!errno) {
    outlet.isTorn = false;
    errno = writeFile(fd, start, byteCount);
    if (errno) outlet.isTorn = true;
  }
  if (isFile) closeFile(fd);
  else if (!isKnown) keepOpen(outlet, fd);
  if (errno && errno != ERRNO_AGAIN && outlet.directory && !isFile) closeOutlet(outlet);
  return errno;
}

function flagsOf(isFile: bool): u32 {
  return isFile ? FLAG_APPEND : FLAG_NONBLOCK;
}

function keepOpen(outlet: Outlet, fd: i32): void {
  outlet.fd = fd;
  keepFromGuest(fd);
}

function closeOutlet(outlet: Outlet): void {
  giveBack(outlet.fd);
  closeFile(outlet.fd);
  outlet.fd = -1;
}
