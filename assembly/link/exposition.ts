/**
 * The Prometheus exposition as a file: written beside its place, then put there in one step, so
 * that a reader (node_exporter's textfile collector) sees a whole one, old or new.
 */
import { Format } from "../abi";
import { allocate, arenaMark, reserve } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { putBytes, putText } from "../bytes/put";
import { encode } from "../index";
import {
  closeFile,
  findPlace,
  OPEN_CREATE,
  OPEN_TRUNCATE,
  openFile,
  Place,
  RIGHT_WRITE,
  renameFile,
  writeFile,
} from "./file";

const target: Place = changetype<Place>(memory.data(16, 8));
const draft: Place = changetype<Place>(memory.data(16, 8));

/** Whether there is such a file. */
export let isExposed: bool = false;

/** Takes its path; false if that is in no directory that is there. */
export function openExposition(start: usize, end: usize): bool {
  const byteCount = <u32>(end - start);
  if (!reserve(byteCount + 64, 300000)) return false;
  const beside = allocate(byteCount + 64);
  const behind = putText(putBytes(beside, start, byteCount), ascii(".tmp"));
  isExposed = true;
  return findPlace(target, start, byteCount) & findPlace(draft, beside, <u32>(behind - beside));
}

/** Writes an exposition; 0, or an errno: then the last one stays. */
export function writeExposition(nowNs: u64): u32 {
  const byteCount = <u32>(encode(Format.Prometheus, nowNs) - arenaMark());
  const fd = openFile(draft, OPEN_CREATE | OPEN_TRUNCATE, RIGHT_WRITE, 0);
  if (fd < 0) return -fd;
  const errno = writeFile(fd, arenaMark(), byteCount);
  closeFile(fd);
  return errno ? errno : renameFile(draft, target);
}
