/**
 * What WASI calls on files mean to the cells of disks: which descriptor a call is about, what it
 * opens and closes, which bytes it gives up. Layouts and flags from the witx file.
 */
import type { DiskCells } from "../disk/cells.js";
import type { DiskRegistry } from "../disk/registry.js";
import { below, type Descriptor, type Descriptors } from "./descriptors.js";
import { errnoName } from "./errno.js";
import { decode } from "./message.js";
import type { PathSpan, Scratch } from "./scratch.js";

// biome-ignore lint/suspicious/noExplicitAny: numbers and bigints, as each signature says
type Values = readonly any[];

/** How a call ended. */
export interface Outcome {
  readonly errno: number;
  readonly seconds: number;
  /** What `before` found: bytes. */
  readonly noted: number;
}

/** Looks at one function's calls. Nothing of it throws. */
export interface FileCall {
  /** Finds out what the call may be about to give up, in bytes. */
  readonly before?: (values: Values) => number;
  readonly after: (values: Values, outcome: Outcome) => void;
}

export interface FileCallOptions {
  readonly descriptors: Descriptors;
  readonly disks: DiskRegistry;
  readonly scratch: Scratch;
  readonly memory: () => WebAssembly.Memory | undefined;
}

const OPEN_DIRECTORY = 2;
const OPEN_TRUNCATE = 8;

/** By function, the argument that is the descriptor it is about. */
const SUBJECTS: Readonly<Record<string, number>> = {
  fd_advise: 0,
  fd_allocate: 0,
  fd_fdstat_get: 0,
  fd_fdstat_set_flags: 0,
  fd_fdstat_set_rights: 0,
  fd_filestat_get: 0,
  fd_filestat_set_times: 0,
  fd_pread: 0,
  fd_pwrite: 0,
  fd_read: 0,
  fd_readdir: 0,
  fd_seek: 0,
  fd_tell: 0,
  fd_write: 0,
  path_create_directory: 0,
  path_filestat_get: 0,
  path_filestat_set_times: 0,
  path_link: 0,
  path_readlink: 0,
  path_remove_directory: 0,
  path_rename: 0,
  path_symlink: 2,
};

/** Makes what looks at each function, by its name. */
export function fileCalls(options: FileCallOptions): Readonly<Record<string, FileCall>> {
  const { descriptors, scratch } = options;
  const looking = (
    succeeded: (values: Values, outcome: Outcome) => void,
    { subject = 0, before }: { subject?: number; before?: (values: Values) => number } = {},
  ): FileCall => ({
    ...(before && { before }),
    after(values, outcome) {
      if (outcome.errno === 0) succeeded(values, outcome);
      else cellsOf(descriptors.find(values[subject]))?.fail(errnoName(outcome.errno));
    },
  });
  const failing = Object.entries(SUBJECTS).map(([name, subject]) => [
    name,
    looking(() => {}, { subject }),
  ]);
  const flushing = looking(([fd], { seconds }) => cellsOf(descriptors.find(fd))?.flush(seconds));
  return {
    ...Object.fromEntries(failing),
    fd_sync: flushing,
    fd_datasync: flushing,
    fd_close: looking(([fd]) => descriptors.close(fd)),
    fd_renumber: looking(([from, to]) => descriptors.renumber(from, to)),
    fd_filestat_set_size: looking(
      ([fd, size], { noted }) => discard(descriptors.file(fd), noted - Number(size)),
      { before: ([fd]) => (descriptors.file(fd) ? (scratch.sizeOf(fd)?.byteCount ?? 0) : 0) },
    ),
    ...pathCalls(options, looking),
  };
}

type Looking = (
  succeeded: (values: Values, outcome: Outcome) => void,
  options?: { before?: (values: Values) => number },
) => FileCall;

/** The calls that name a file. */
function pathCalls(options: FileCallOptions, looking: Looking): Record<string, FileCall> {
  const { descriptors, disks, scratch, memory } = options;
  const locate = (span: PathSpan) => {
    const directory = descriptors.find(span.directory);
    return directory && below(directory, readPath(memory(), span));
  };
  return {
    path_open: looking(
      (values, { noted }) => {
        const located = locate(openSpan(values));
        const fd = readFd(memory(), values[8]);
        if (!located || fd === undefined) return;
        const isDirectory = (values[4] & OPEN_DIRECTORY) !== 0 || scratch.isDirectory(fd);
        discard(descriptors.open(fd, located, isDirectory), noted);
      },
      {
        before: (values) =>
          values[4] & OPEN_TRUNCATE ? (scratch.sizeAt(openSpan(values))?.byteCount ?? 0) : 0,
      },
    ),
    path_unlink_file: looking(
      (values, { noted }) => {
        const located = locate(unlinkSpan(values));
        if (!located) return;
        // A file that was never opened has no series, and needs none now.
        discard(disks.known(located.path, located.mount) ?? located.mount.cells, noted);
      },
      {
        before(values) {
          const found = scratch.sizeAt(unlinkSpan(values));
          return found?.linkCount === 1 ? found.byteCount : 0;
        },
      },
    ),
  };
}

/** Failures of what is no file are its mount's. */
function cellsOf(descriptor: Descriptor | undefined): DiskCells | undefined {
  return descriptor?.file ?? descriptor?.mount.cells;
}

function discard(cells: DiskCells | undefined, byteCount: number): void {
  if (byteCount > 0) cells?.discard(byteCount);
}

function openSpan([directory, lookup, address, byteCount]: Values): PathSpan {
  return { directory, lookup, address, byteCount };
}

/** Deletes a symbolic link itself, never what it leads to. */
function unlinkSpan([directory, address, byteCount]: Values): PathSpan {
  return { directory, lookup: 0, address, byteCount };
}

/** A path that a call has just succeeded with, so its span is good. */
function readPath(memory: WebAssembly.Memory | undefined, span: PathSpan): string {
  const start = span.address >>> 0;
  const bytes = new Uint8Array(memory?.buffer ?? new ArrayBuffer(0));
  return decode(bytes.slice(start, start + (span.byteCount >>> 0)));
}

/** Descriptors are kept as calls pass them: signed. */
function readFd(memory: WebAssembly.Memory | undefined, address: number): number | undefined {
  const buffer = memory?.buffer;
  if (!buffer || (address >>> 0) + 4 > buffer.byteLength) return undefined;
  return new DataView(buffer).getInt32(address >>> 0, true);
}
