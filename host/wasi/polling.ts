/**
 * `poll_oneoff` of WASI preview1 where only clocks are waited for: a wait that `worker.terminate()`
 * ends, unlike the native one, so that a sleeping guest can be stopped; and @wasmer/wasi's traps.
 * Layouts from the witx file.
 */
import { Errno, type ImportFunction, type ImportFunctions } from "./preview1.js";

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const TAG_CLOCK = 0;
const CLOCK_ABSOLUTE = 1;

interface Subscription {
  readonly userdata: bigint;
  readonly tag: number;
  readonly clock: number;
  readonly timeoutNs: bigint;
  readonly isAbsolute: boolean;
}

export interface PollOptions {
  readonly functions: ImportFunctions;
  readonly memory: () => WebAssembly.Memory | undefined;
  /** What files and standard streams need; without it they are always ready. */
  readonly native?: ImportFunction | undefined;
}

/** Makes a `poll_oneoff` that waits for clocks itself. */
export function pollOneoff(options: PollOptions): ImportFunction {
  return (input: number, output: number, count: number, countAt: number): number => {
    const buffer = options.memory()?.buffer;
    if (!buffer) return Errno.Fault;
    if (count < 1) return Errno.Invalid;
    const view = new DataView(buffer);
    try {
      const subscriptions = readSubscriptions(view, input >>> 0, count >>> 0);
      const clocksOnly = subscriptions.every(({ tag }) => tag === TAG_CLOCK);
      if (!clocksOnly && options.native) return options.native(input, output, count, countAt);
      const due = clocksOnly
        ? waitForClocks(subscriptions, nowReader(options.functions, view, output >>> 0))
        : subscriptions.filter(({ tag }) => tag !== TAG_CLOCK);
      due.forEach((subscription, index) => {
        putEvent(view, (output >>> 0) + index * EVENT_BYTES, subscription);
      });
      view.setUint32(countAt >>> 0, due.length, true);
      return Errno.Success;
    } catch (error) {
      // DataView's way to say that the guest gave an address outside its memory.
      if (error instanceof RangeError) return Errno.Fault;
      throw error;
    }
  };
}

function readSubscriptions(view: DataView, address: number, count: number): Subscription[] {
  if (address + count * SUBSCRIPTION_BYTES > view.byteLength) throw new RangeError("subscriptions");
  return Array.from({ length: count }, (_, index) => {
    const at = address + index * SUBSCRIPTION_BYTES;
    return {
      userdata: view.getBigUint64(at, true),
      tag: view.getUint8(at + 8),
      clock: view.getUint32(at + 16, true),
      timeoutNs: view.getBigUint64(at + 24, true),
      isAbsolute: (view.getUint16(at + 40, true) & CLOCK_ABSOLUTE) !== 0,
    };
  });
}

/**
 * Reads a clock of the backend by way of the guest's event buffer, which is about to be written
 * anyway.
 */
function nowReader(functions: ImportFunctions, view: DataView, scratch: number) {
  return (clock: number): bigint => {
    functions.clock_time_get?.(clock, 0n, scratch);
    return view.getBigUint64(scratch, true);
  };
}

/** Waits for the earliest, and returns all that are due then. */
function waitForClocks(
  subscriptions: readonly Subscription[],
  now: (clock: number) => bigint,
): Subscription[] {
  const waits = subscriptions.map((subscription) => {
    const { timeoutNs, isAbsolute, clock } = subscription;
    const waitNs = isAbsolute ? timeoutNs - now(clock) : timeoutNs;
    return { subscription, waitMs: Number(waitNs) / 1e6 };
  });
  const leastMs = Math.min(...waits.map(({ waitMs }) => waitMs));
  if (leastMs > 0) sleep(leastMs);
  return waits.filter(({ waitMs }) => waitMs <= leastMs).map(({ subscription }) => subscription);
}

function putEvent(view: DataView, address: number, { userdata, tag }: Subscription): void {
  view.setBigUint64(address, userdata, true);
  view.setUint16(address + 8, Errno.Success, true);
  view.setUint8(address + 10, tag);
  // Ready for at least a byte, no flags; unused by clocks.
  view.setBigUint64(address + 16, tag === TAG_CLOCK ? 0n : 1n, true);
  view.setUint16(address + 24, 0, true);
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, in a way that `worker.terminate()` ends. */
export function sleep(durationMs: number): void {
  Atomics.wait(never, 0, 0, durationMs);
}
