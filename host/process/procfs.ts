/**
 * What Linux tells about this process under /proc. The reads are synchronous: procfs answers from
 * the kernel's own tables and never waits for a disk. Elsewhere there is nothing, and no reader.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";

/** Sizes of the process, in bytes. */
export interface ProcessMemory {
  readonly residentBytes: number;
  readonly virtualBytes: number;
  /** The data segment, which holds the heap. */
  readonly dataBytes: number;
}

/** Whether this system has what the readers here read. */
export function hasProcfs(): boolean {
  return process.platform === "linux";
}

/** Reads the sizes of this process. */
export function readProcessMemory(): ProcessMemory {
  return parseStatus(readFileSync("/proc/self/status", "latin1"));
}

/** Finds the sizes in the text of `/proc/self/status`, which has KiB; NaN where one is missing. */
export function parseStatus(text: string): ProcessMemory {
  return {
    residentBytes: sizeOf(text, /^VmRSS:\s+(\d+) kB$/m),
    virtualBytes: sizeOf(text, /^VmSize:\s+(\d+) kB$/m),
    dataBytes: sizeOf(text, /^VmData:\s+(\d+) kB$/m),
  };
}

function sizeOf(text: string, pattern: RegExp): number {
  return Number(pattern.exec(text)?.[1] ?? Number.NaN) * 1024;
}

/** Counts the open file descriptors of this process. */
export function countOpenFiles(): number {
  // Since Linux 6.2 the directory's size is their count; before, it is 0.
  const counted = statSync("/proc/self/fd").size;
  return counted > 0 ? counted : readdirSync("/proc/self/fd").length - 1; // less the one that lists
}

/** Reads the soft limit on open file descriptors. */
export function readOpenFilesMax(): number | undefined {
  return parseOpenFilesMax(readFileSync("/proc/self/limits", "latin1"));
}

/** Finds the soft limit in the text of `/proc/self/limits`; undefined where there is none. */
export function parseOpenFilesMax(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+)\s/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
