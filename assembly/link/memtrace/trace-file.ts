/**
 * The file of a trace: packets are appended as they are complete. It is opened for each, as all
 * files of the monitor are.
 */
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
const ERRNO_INVALID: u32 = 28;

const place: Place = changetype<Place>(memory.data(16, 8));

/** Takes its path; false if that is in no directory that is there. */
export function openPath(start: usize, end: usize): bool {
  return findPlace(place, start, <u32>(end - start));
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
  return errno;
}

function locationBytes(): u32 {
  return load<u32>(OUTPUT, TraceOutput.LocationBytes << 2);
}

function eventBytes(): u32 {
  return load<u32>(OUTPUT, TraceOutput.EventBytes << 2);
}
