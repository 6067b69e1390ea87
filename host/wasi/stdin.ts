/**
 * Waits until standard input can be read, in slices: a blocking read would keep
 * `worker.terminate()`, and with it the whole process, waiting for a key. Node has no `poll` of its
 * own; that of node:wasi, on a memory of ours, is one.
 */
import { WASI } from "node:wasi";
import type { ImportFunction } from "./preview1.js";

/** Time between two chances to be stopped, in nanoseconds. */
const SLICE_NS = 100_000_000n;
/** Of a look; after no time at all uvwasi's poll has looked at the clock only. */
const PROBE_NS = 1_000_000n;
/** Where the two subscriptions, the events and their count lie in our memory. */
const CLOCK_AT = 48;
const EVENTS_AT = 128;
const COUNT_AT = 256;
const TAG_FD_READ = 1;

/** `(module (memory (export "memory") 1) (func (export "_start")))` */
const POLLER = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 19, 2, 6, 109, 101,
  109, 111, 114, 121, 2, 0, 6, 95, 115, 116, 97, 114, 116, 0, 0, 10, 4, 1, 2, 0, 11,
]);

/** Makes a function that returns once a read of standard input would not block. */
export function stdinWaiter(): () => void {
  let wait: (() => void) | undefined;
  return () => {
    wait ??= openWaiter();
    wait();
  };
}

/** Makes a function that tells whether a read of standard input would not block. */
export function stdinProbe(): () => boolean {
  let poll: ((timeoutNs: bigint) => boolean) | undefined;
  return () => {
    poll ??= openPoll();
    return poll(PROBE_NS);
  };
}

function openWaiter(): () => void {
  const poll = openPoll();
  return () => {
    while (!poll(SLICE_NS));
  };
}

/** Opens a poll of standard input: whether a read would not block, known after a time at most. */
function openPoll(): (timeoutNs: bigint) => boolean {
  const wasi = new WASI({ version: "preview1" });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(POLLER));
  wasi.start(instance);
  const poll = (wasi.wasiImport as Record<string, ImportFunction>).poll_oneoff;
  const view = new DataView((instance.exports.memory as WebAssembly.Memory).buffer);
  view.setUint8(8, TAG_FD_READ); // descriptor 0, at 16
  view.setUint32(CLOCK_AT + 16, 1, true); // monotonic
  return (timeoutNs) => {
    view.setBigUint64(CLOCK_AT + 24, timeoutNs, true);
    // Files and closed inputs cannot be polled, and do not block either.
    return poll?.(0, EVENTS_AT, 2, COUNT_AT) !== 0 || hasInput(view);
  };
}

function hasInput(view: DataView): boolean {
  const count = view.getUint32(COUNT_AT, true);
  for (let index = 0; index < count; index++) {
    if (view.getUint8(EVENTS_AT + index * 32 + 10) === TAG_FD_READ) return true;
  }
  return false;
}
