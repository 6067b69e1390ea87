/**
 * Reads and writes of files, the calls that a guest makes by the million: each of the four has a
 * wrapper of its own, with its own number of arguments, so that the engine sees one kind of call in
 * each. What is no file goes to the wrapper that all other calls have.
 */
import type { DiskCells } from "../disk/cells.js";
import type { Counter } from "./cells.js";
import type { Descriptors } from "./descriptors.js";
import { errnoName } from "./errno.js";
import type { MemoryMeter } from "./metering.js";
import type { ImportFunction } from "./preview1.js";

export interface FileTransfer {
  /** The backend's. */
  readonly call: ImportFunction;
  /** What meters a call on something else than a file. */
  readonly other: ImportFunction;
  readonly descriptors: Descriptors;
  readonly memory: MemoryMeter;
  readonly calls: Counter;
  readonly errors: Counter;
  /** Seconds. */
  readonly duration: Counter;
  readonly bytes: Counter;
  readonly look: () => void;
}

/** By function: wraps it. */
export const FILE_TRANSFERS: Readonly<Record<string, (file: FileTransfer) => ImportFunction>> = {
  fd_read: meterRead,
  fd_pread: meterPositionedRead,
  fd_write: meterWrite,
  fd_pwrite: meterPositionedWrite,
};

function meterRead(transfer: FileTransfer): ImportFunction {
  const { call, other, descriptors, memory, calls } = transfer;
  const timed = timeReading(transfer, 3);
  return (...values) => {
    const file = descriptors.file(values[0]);
    if (file === undefined) return other(...values);
    if (file.reading.isDue()) return timed(file, ...values);
    memory.observe();
    calls.add(1);
    return endRead(transfer, file, call(...values), values[3]);
  };
}

function meterPositionedRead(transfer: FileTransfer): ImportFunction {
  const { call, other, descriptors, memory, calls } = transfer;
  const timed = timeReading(transfer, 4);
  return (...values) => {
    const file = descriptors.file(values[0]);
    if (file === undefined) return other(...values);
    if (file.reading.isDue()) return timed(file, ...values);
    memory.observe();
    calls.add(1);
    return endRead(transfer, file, call(...values), values[4]);
  };
}

function meterWrite(transfer: FileTransfer): ImportFunction {
  const { call, other, descriptors, memory, calls } = transfer;
  const timed = timeWriting(transfer, 3);
  return (...values) => {
    const file = descriptors.file(values[0]);
    if (file === undefined) return other(...values);
    if (file.writing.isDue()) return timed(file, ...values);
    memory.observe();
    calls.add(1);
    return endWrite(transfer, file, call(...values), values[3]);
  };
}

function meterPositionedWrite(transfer: FileTransfer): ImportFunction {
  const { call, other, descriptors, memory, calls } = transfer;
  const timed = timeWriting(transfer, 4);
  return (...values) => {
    const file = descriptors.file(values[0]);
    if (file === undefined) return other(...values);
    if (file.writing.isDue()) return timed(file, ...values);
    memory.observe();
    calls.add(1);
    return endWrite(transfer, file, call(...values), values[4]);
  };
}

/** What few calls do stands by itself: it would only be in the way of the many. */
function timeReading(transfer: FileTransfer, countArgument: number) {
  const { call, memory, calls } = transfer;
  return (file: DiskCells, ...values: number[]): number => {
    memory.observe();
    calls.add(1);
    file.reading.begin();
    const errno = call(...values);
    file.reading.end();
    return endRead(transfer, file, errno, values[countArgument] ?? 0);
  };
}

function timeWriting(transfer: FileTransfer, countArgument: number) {
  const { call, memory, calls } = transfer;
  return (file: DiskCells, ...values: number[]): number => {
    memory.observe();
    calls.add(1);
    file.writing.begin();
    const errno = call(...values);
    file.writing.end();
    return endWrite(transfer, file, errno, values[countArgument] ?? 0);
  };
}

function endRead(transfer: FileTransfer, file: DiskCells, errno: number, countAt: number): number {
  const { seconds, bucket } = file.reading;
  if (endCall(transfer, file, errno, seconds)) {
    const byteCount = transfer.memory.readU32(countAt);
    transfer.bytes.add(byteCount);
    file.read(byteCount, seconds, bucket);
  }
  return errno;
}

function endWrite(transfer: FileTransfer, file: DiskCells, errno: number, countAt: number): number {
  const { seconds, bucket } = file.writing;
  if (endCall(transfer, file, errno, seconds)) {
    const byteCount = transfer.memory.readU32(countAt);
    transfer.bytes.add(byteCount);
    file.write(byteCount, seconds, bucket);
  }
  return errno;
}

/** Counts what all calls have; whether it succeeded. */
function endCall(
  { duration, errors, look }: FileTransfer,
  file: DiskCells,
  errno: number,
  seconds: number,
): boolean {
  duration.add(seconds);
  look();
  if (errno === 0) return true;
  errors.add(1);
  file.fail(errnoName(errno));
  return false;
}
