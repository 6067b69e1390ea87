/**
 * The file of a trace: packets are appended as they are complete. It is opened for each, as all
 * files of the monitor are. Each trace has its own: `t.ctf`, then `t.ctf.2`, `t.ctf.3`.
 */
import { allocate, reserve } from "../../bytes/arena";
import { putUnsigned } from "../../bytes/integer";
import { putBytes } from "../../bytes/put";
import { TraceOutput } from "../../memtrace/abi";
import { LOCATION_PACKET, OUTPUT } from "../../memtrace/layout";
import {
  closeFile,
  FLAG_APPEND,
  findPlace,
  isRegular,
  lookUp,
  OPEN_CREATE,
  OPEN_TRUNCATE,
  openFile,
  Place,
  RIGHT_WRITE,
  writeFile,
} from "../file";

/** The error number of preview1 for what is no file. */
export const ERRNO_INVALID: u32 = 28;

const place: Place = changetype<Place>(memory.data(16, 8));

/** The path, with room for a number behind it. */
export let pathStart: usize = 0;
export let pathEnd: usize = 0;

/** Where the number goes. */
let suffix: usize = 0;
/** Of the next trace's file. */
let number: u32 = 1;

/** Takes the path; false if that is in no directory that is there. */
export function openPath(start: usize, end: usize): bool {
  const byteCount = <u32>(end - start);
  if (!reserve(byteCount + 64, 300000)) return false;
  pathStart = allocate(byteCount + 64);
  suffix = putBytes(pathStart, start, byteCount);
  pathEnd = suffix;
  return findPlace(place, pathStart, byteCount);
}

/** Moves on to the next file if a trace has begun in this one. */
export function turnFile(): void {
  if (number == 1) return;
  store<u8>(suffix, 0x2e);
  pathEnd = putUnsigned(suffix + 1, number);
  place.byteCount = <u32>(pathEnd - place.path);
}

/** Bytes of the packets that the writer has completed. */
export function completeBytes(): u32 {
  return locationBytes() + eventBytes();
}

/** Appends them, the first to a new file; 0, or an errno. */
export function writePackets(isFirst: bool): u32 {
  if (isFirst && lookUp(place) && !isRegular()) return ERRNO_INVALID;
  const how = isFirst ? OPEN_CREATE | OPEN_TRUNCATE : 0;
  const fd = openFile(place, how, RIGHT_WRITE, isFirst ? 0 : FLAG_APPEND);
  if (fd < 0) return -fd;
  let errno = writeFile(fd, LOCATION_PACKET, locationBytes());
  if (!errno) {
    errno = writeFile(fd, load<u32>(OUTPUT, TraceOutput.EventAddress << 2), eventBytes());
  }
  closeFile(fd);
  if (isFirst & !errno) number++;
  return errno;
}

function locationBytes(): u32 {
  return load<u32>(OUTPUT, TraceOutput.LocationBytes << 2);
}

function eventBytes(): u32 {
  return load<u32>(OUTPUT, TraceOutput.EventBytes << 2);
}
