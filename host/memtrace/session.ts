/**
 * One trace while it is made: events go through the writer to a sink, a quiet packet is flushed
 * once a second, and more samples than the cap allows end it.
 */
import { AllocationSource, TraceStatus } from "../../assembly/memtrace/abi.js";
import type { Allocation, Frames } from "./event.js";
import type { TraceReceiver } from "./guest.js";
import type { TraceSink } from "./sink.js";
import type { TraceWriter } from "./writer.js";

/** Why a trace ended. */
export type TraceEnd =
  /** Whoever asked for it has enough. */
  | "stopped"
  /** All guests have ended, or the monitor was closed. */
  | "finished"
  /** More sampled allocations in a second than `maxSamples`. */
  | "capped"
  /** No allocator of any guest could be hooked. */
  | "unhooked"
  /** The reader went away, or could not be written to. */
  | "failed";

export interface SessionOptions {
  readonly writer: TraceWriter;
  readonly sink: TraceSink;
  /** Sampled allocations a second; 0 for no cap. */
  readonly maxSamples: number;
  /** Codes say which module they are in. */
  readonly isWide: () => boolean;
  /** Called once, possibly in the middle of an allocation. */
  readonly onEnd: (reason: TraceEnd, error?: Error) => void;
}

const SECOND_US = 1_000_000;

export class Session implements TraceReceiver {
  /** Words sampled. */
  samples = 0;
  allocations = 0;
  collects = 0;
  bytes = 0;
  #isOver = false;
  /** Of the window in which samples are counted for the cap. */
  #windowStartUs = 0;
  #windowCount = 0;

  constructor(readonly options: SessionOptions) {
    options.sink.onClosed = (error) => this.#end("failed", error);
  }

  /** Takes what the writer emits. */
  emit(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    // The writer uses its memory again before a slow reader has read it.
    this.options.sink.write(bytes.slice());
  }

  hasRoom(): boolean {
    return !this.#isOver && !this.options.sink.isFull;
  }

  allocate(allocation: Allocation, frames: Frames): number {
    if (!this.hasRoom()) return -1;
    if (this.#isPastCap(allocation.timeUs)) {
      this.#end("capped");
      return -1;
    }
    const { writer } = this.options;
    const id = writer.nextId;
    if (this.#put(allocation, frames) !== TraceStatus.Ok) {
      // Ids of the recorder and of the writer would part: nothing after it could be trusted.
      this.#end("failed", new Error("the trace writer refused an event"));
      return -1;
    }
    this.allocations++;
    this.samples += allocation.samples;
    return id;
  }

  collect(timeUs: number, id: number): boolean {
    if (!this.hasRoom()) return false;
    if (this.options.writer.putCollect(timeUs, id) === TraceStatus.Ok) this.collects++;
    return true;
  }

  /** Sends what is pending. */
  flush(): void {
    if (this.options.writer.pendingEvents > 0) this.options.writer.flush();
  }

  /** Takes no more events. */
  close(): void {
    this.#isOver = true;
    this.options.sink.onClosed = undefined;
  }

  #put({ timeUs, words, samples }: Allocation, { positions, modules, depth }: Frames): TraceStatus {
    const { writer } = this.options;
    const source = AllocationSource.External;
    if (!this.options.isWide()) {
      writer.positions.set(positions.subarray(0, depth));
      return writer.putAllocation(timeUs, words, samples, source, depth);
    }
    for (let index = 0; index < depth; index++) {
      writer.codes[2 * index] = positions[index] as number;
      writer.codes[2 * index + 1] = modules[index] as number;
    }
    return writer.putWideAllocation(timeUs, words, samples, source, depth);
  }

  #isPastCap(timeUs: number): boolean {
    const { maxSamples } = this.options;
    if (maxSamples === 0) return false;
    if (timeUs >= this.#windowStartUs + SECOND_US) {
      this.#windowStartUs = timeUs;
      this.#windowCount = 0;
    }
    this.#windowCount++;
    return this.#windowCount > maxSamples;
  }

  #end(reason: TraceEnd, error?: Error): void {
    if (this.#isOver) return;
    this.close();
    this.options.onEnd(reason, error);
  }
}
