/**
 * `poll_oneoff` of WASI preview1 where only clocks are waited for, or sockets with anything else:
 * a wait that `worker.terminate()` ends, unlike the native one, so that a sleeping guest can be
 * stopped; and @wasmer/wasi's traps. Layouts from the witx file.
 */
import { Errno, type ImportFunction, type ImportFunctions } from "./preview1.js";

const SUBSCRIPTION_BYTES = 48;
const EVENT_BYTES = 32;
const TAG_CLOCK = 0;
const CLOCK_ABSOLUTE = 1;

const HANGUP = 1;
/** Between two looks at what cannot wake us, in milliseconds. */
const SLICE_MS = 10;

interface Subscription {
  readonly userdata: bigint;
  readonly tag: number;
  /** Of a clock its number, of a descriptor that. */
  readonly subject: number;
  readonly timeoutNs: bigint;
  readonly isAbsolute: boolean;
}

export interface PollOptions {
  readonly functions: ImportFunctions;
  readonly memory: () => WebAssembly.Memory | undefined;
  /** What files and standard streams need; without it they are always ready. */
  readonly native?: ImportFunction | undefined;
}

/** What is found on a descriptor. */
export interface Found {
  readonly errno: number;
  readonly byteCount: number;
  readonly hasHungUp: boolean;
}

/**
 * Looks at a descriptor for an event of a kind; undefined when nothing is there yet, and `"again"`
 * when moreover nobody will wake us for it.
 */
export type Look = (fd: number, tag: number) => Found | undefined | "again";

/** Wakes whoever waits for descriptors. */
export interface Waiter {
  /** To be taken before looking. */
  mark(): number;
  /** Blocks until something has happened since `mark`, or for `timeoutMs`. */
  wait(mark: number, timeoutMs: number): void;
}

export interface MixedPollOptions extends Omit<PollOptions, "native"> {
  readonly look: Look;
  readonly waiter: Waiter;
}

/** Makes a `poll_oneoff` that waits for clocks itself. */
export function pollOneoff(options: PollOptions): ImportFunction {
  return poller(options, (subscriptions, now) => {
    if (subscriptions.every(({ tag }) => tag === TAG_CLOCK)) {
      return waitForClocks(subscriptions, now);
    }
    if (options.native) return "native";
    return subscriptions.filter(({ tag }) => tag !== TAG_CLOCK).map(asReady);
  });
}

/** Makes a `poll_oneoff` that waits for anything itself, sockets among it. */
export function pollMixed(options: MixedPollOptions): ImportFunction {
  return poller(options, (subscriptions, now) => waitForAny(subscriptions, now, options));
}

/** A subscription that is due, and what was found. */
interface Event extends Found {
  readonly subscription: Subscription;
}

type Now = (clock: number) => bigint;
type Wait = (subscriptions: readonly Subscription[], now: Now) => readonly Event[] | "native";

function poller(options: PollOptions, wait: Wait): ImportFunction {
  return (input: number, output: number, count: number, countAt: number): number => {
    const buffer = options.memory()?.buffer;
    if (!buffer) return Errno.Fault;
    if (count < 1) return Errno.Invalid;
    const view = new DataView(buffer);
    try {
      const subscriptions = readSubscriptions(view, input >>> 0, count >>> 0);
      const due = wait(subscriptions, nowReader(options.functions, view, output >>> 0));
      if (due === "native") return options.native?.(input, output, count, countAt);
      due.forEach((event, index) => {
        putEvent(view, (output >>> 0) + index * EVENT_BYTES, event);
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
      subject: view.getUint32(at + 16, true),
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
function waitForClocks(subscriptions: readonly Subscription[], now: Now): Event[] {
  const waits = clockWaits(subscriptions, now);
  const leastMs = Math.min(...waits.map(({ waitMs }) => waitMs));
  if (leastMs > 0) sleep(leastMs);
  return waits.filter(({ waitMs }) => waitMs <= leastMs).map(({ clock }) => asReady(clock));
}

/** Waits until a descriptor has something or a clock is due; returns all that are then. */
function waitForAny(
  subscriptions: readonly Subscription[],
  now: Now,
  { look, waiter }: MixedPollOptions,
): Event[] {
  const clocks = clockWaits(subscriptions, now);
  const leastMs = Math.min(Number.POSITIVE_INFINITY, ...clocks.map(({ waitMs }) => waitMs));
  const startedMs = performance.now();
  for (;;) {
    const mark = waiter.mark();
    const events: Event[] = [];
    let sliceMs = Number.POSITIVE_INFINITY;
    for (const subscription of subscriptions) {
      if (subscription.tag === TAG_CLOCK) continue;
      const found = look(subscription.subject, subscription.tag);
      if (found === "again") sliceMs = SLICE_MS;
      else if (found) events.push({ subscription, ...found });
    }
    const waitedMs = performance.now() - startedMs;
    for (const { clock, waitMs } of clocks) if (waitMs <= waitedMs) events.push(asReady(clock));
    if (events.length > 0) return events;
    waiter.wait(mark, Math.min(leastMs - waitedMs, sliceMs));
  }
}

/** The clocks among the subscriptions, and how long each is to be waited for. */
function clockWaits(subscriptions: readonly Subscription[], now: Now) {
  return subscriptions
    .filter(({ tag }) => tag === TAG_CLOCK)
    .map((clock) => {
      const { timeoutNs, isAbsolute } = clock;
      const waitNs = isAbsolute ? timeoutNs - now(clock.subject) : timeoutNs;
      return { clock, waitMs: Number(waitNs) / 1e6 };
    });
}

/** Ready for at least a byte, as far as anybody knows. */
function asReady(subscription: Subscription): Event {
  const byteCount = subscription.tag === TAG_CLOCK ? 0 : 1;
  return { subscription, errno: Errno.Success, byteCount, hasHungUp: false };
}

function putEvent(view: DataView, address: number, event: Event): void {
  view.setBigUint64(address, event.subscription.userdata, true);
  view.setUint16(address + 8, event.errno, true);
  view.setUint8(address + 10, event.subscription.tag);
  // Unused by clocks.
  view.setBigUint64(address + 16, BigInt(event.byteCount), true);
  view.setUint16(address + 24, event.hasHungUp ? HANGUP : 0, true);
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread, in a way that `worker.terminate()` ends. */
export function sleep(durationMs: number): void {
  Atomics.wait(never, 0, 0, durationMs);
}
