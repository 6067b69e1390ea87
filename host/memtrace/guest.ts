/**
 * A guest that can be traced, as the main thread sees it: one in a worker, behind a queue, or one
 * on this thread, whose recorder is called directly.
 */
import { COUNTS, type EventSink } from "./event.js";
import { createQueue, type EventReceiver, QueueReader, type TraceOrder } from "./queue.js";
import type { Recorder, SampleCounter } from "./recorder.js";

/** Takes the events of a guest, whichever way they come. */
export interface TraceReceiver extends EventReceiver, EventSink {
  allocate: EventSink["allocate"];
  collect: EventSink["collect"];
}

export interface TracedGuest {
  /** Its recorder's numbers, by `Count`. */
  readonly counts: Uint32Array;
  begin(order: TraceOrder, receiver: TraceReceiver): void;
  /** Asks for no more events. */
  cancel(): void;
  /** Hands over events that wait; whether there may be more. */
  drain(receiver: TraceReceiver, eventsMax: number): boolean;
  /** Whether events wait that could be handed over. */
  readonly hasWaiting: boolean;
}

/** A guest in a worker. */
export class RemoteGuest implements TracedGuest {
  /** What the worker is given. */
  readonly buffer = createQueue();
  readonly #reader = new QueueReader(this.buffer);
  #trace = 0;

  get counts(): Uint32Array {
    return this.#reader.counts;
  }

  get hasWaiting(): boolean {
    return !this.#reader.isEmpty;
  }

  begin(order: TraceOrder): void {
    this.#trace = order.trace;
    this.#reader.order(order);
  }

  cancel(): void {
    this.#reader.cancel();
  }

  drain(receiver: TraceReceiver, eventsMax: number): boolean {
    return this.#reader.read(this.#trace, receiver, eventsMax);
  }
}

/** A guest on this thread. */
export class LocalGuest implements TracedGuest {
  readonly hasWaiting = false;

  constructor(
    private readonly recorder: Recorder,
    readonly counts: Uint32Array,
    private readonly createSampler: (samplingRate: number, seed: bigint) => SampleCounter,
  ) {}

  begin({ samplingRate, seed }: TraceOrder, receiver: TraceReceiver): void {
    this.recorder.begin({ sampler: this.createSampler(samplingRate, seed), sink: receiver });
  }

  cancel(): void {
    this.recorder.end();
  }

  drain(): boolean {
    return false;
  }
}

/** Numbers for a recorder on this thread. */
export function createCounts(): Uint32Array {
  return new Uint32Array(COUNTS);
}
