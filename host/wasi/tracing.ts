/**
 * The recorder of a guest in a worker. The worker gets no messages while the guest runs: what is
 * wanted of it stands in shared memory, and is looked at in WASI calls, where the countdown of
 * allocated words ends, and where a watched block is freed.
 */
import type { HookDescription } from "../instrument/description.js";
import { type Hooks, openHooks } from "../instrument/hooks.js";
import { CodeMap } from "../memtrace/code-map.js";
import { Count } from "../memtrace/event.js";
import { GoStack } from "../memtrace/go-stack.js";
import { QueueWriter } from "../memtrace/queue.js";
import { Recorder } from "../memtrace/recorder.js";
import { Sampler } from "../memtrace/sampler.js";
import { EngineStack, ShadowStack } from "../memtrace/stack.js";
import { nodePlatform } from "../platforms/node.js";

/** What the worker needs; crosses to it. */
export interface TracingOrder {
  /** A queue of memtrace/queue.ts. */
  readonly buffer: SharedArrayBuffer;
  readonly description: HookDescription;
}

export class GuestTracing {
  readonly #order: TracingOrder;
  readonly #queue: QueueWriter;
  readonly #recorder: Recorder;
  #module: WebAssembly.Module | undefined;
  #hooks: Hooks | undefined;
  /** The trace that is recorded; 0 for none. */
  #trace = 0;

  /** `tell` makes the main thread read the queue. */
  constructor(order: TracingOrder, tell: () => void) {
    this.#order = order;
    this.#queue = new QueueWriter(order.buffer, tell);
    const map = new CodeMap(0, order.description);
    const { stacks } = order.description;
    const OwnStack = stacks === "go" ? GoStack : ShadowStack;
    this.#recorder = new Recorder({
      stack: stacks === "engine" ? new EngineStack(map) : new OwnStack(map, () => this.#hooks),
      counts: this.#queue.counts,
      look: () => this.look(),
    });
  }

  /** Sees what the instance allocates from now on, if a trace is wanted already. */
  attach(instance: WebAssembly.Instance): void {
    this.#hooks = openHooks(instance, this.#order.description, this.#recorder);
    if (this.#hooks) this.#recorder.attach(this.#hooks);
    this.look();
  }

  /** Begins or ends recording when that is wanted; otherwise one load. */
  look(): void {
    const { wanted } = this.#queue;
    if (wanted === this.#trace) return;
    if (this.#trace !== 0) this.#recorder.end();
    this.#trace = wanted;
    if (wanted === 0) return;
    try {
      this.#begin();
    } catch {
      // Nothing of ours is thrown into a guest; its trace stays empty.
      const { counts } = this.#queue;
      counts[Count.Failed] = (counts[Count.Failed] as number) + 1;
    }
  }

  #begin(): void {
    const { samplingRate, seed, trace } = this.#queue.accept();
    this.#trace = trace;
    this.#module ??= nodePlatform.traceModule?.();
    if (trace === 0 || !this.#module) return;
    const sampler = new Sampler(this.#module, samplingRate, seed);
    this.#recorder.begin({ sampler, sink: this.#queue });
  }
}
