/**
 * The process: arguments, clock, sleep, output, exit. WASI preview1.
 */
import {
  args_get,
  args_sizes_get,
  clock_time_get,
  fd_write,
  poll_oneoff,
  proc_exit,
} from "./wasi_snapshot_preview1";

const STDOUT: u32 = 1;
const STDERR: u32 = 2;
const CLOCK_MONOTONIC: u32 = 1;

const WORD = memory.data(8);
const OTHER_WORD = memory.data(8);
const IOV = memory.data(8);
const SUBSCRIPTION = memory.data(48);
const EVENT = memory.data(32);

/** The arguments after the program's name. */
export function parseArguments(): string[] {
  const texts: string[] = [];
  if (args_sizes_get(WORD, OTHER_WORD) !== 0) return texts;
  const count = load<u32>(WORD);
  const argv = new StaticArray<u32>(count);
  const bytes = new StaticArray<u8>(load<u32>(OTHER_WORD));
  const begin = <u32>changetype<usize>(bytes);
  if (args_get(changetype<usize>(argv), begin) !== 0) return texts;
  for (let i: u32 = 1; i < count; i++) {
    const until = i + 1 < count ? argv[i + 1] : begin + <u32>bytes.length;
    texts.push(String.UTF8.decodeUnsafe(argv[i], until - argv[i], true));
  }
  return texts;
}

/** Nanoseconds of a clock that never goes back. */
export function monotonicNs(): u64 {
  clock_time_get(CLOCK_MONOTONIC, 1, WORD);
  return load<u64>(WORD);
}

/** Blocks for `pauseMs`; does nothing for 0. */
export function sleep(pauseMs: u32): void {
  if (pauseMs === 0) return;
  memory.fill(SUBSCRIPTION, 0, 48);
  store<u32>(SUBSCRIPTION + 16, CLOCK_MONOTONIC);
  store<u64>(SUBSCRIPTION + 24, <u64>pauseMs * 1000000);
  poll_oneoff(SUBSCRIPTION, EVENT, 1, WORD);
}

/** Writes a line to standard output. */
export function print(line: string): void {
  writeLine(STDOUT, line);
}

/** Says what went wrong on standard error and ends with `code`. */
export function fail(code: u32, text: string): void {
  writeLine(STDERR, `census: ${text}`);
  proc_exit(code);
}

/** What `abort` is compiled to: a failed assertion is reported, then traps. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const text = message !== null ? message : "aborted";
  const place = file !== null ? file : "?";
  writeLine(STDERR, `census: ${text} at ${place}:${line}:${column}`);
  unreachable();
}

function writeLine(fd: u32, line: string): void {
  const bytes = String.UTF8.encode(`${line}\n`);
  let begin: u32 = 0;
  while (begin < <u32>bytes.byteLength) {
    store<u32>(IOV, <u32>changetype<usize>(bytes) + begin);
    store<u32>(IOV, <u32>bytes.byteLength - begin, 4);
    if (fd_write(fd, IOV, 1, WORD) !== 0) return;
    begin += load<u32>(WORD);
  }
}
