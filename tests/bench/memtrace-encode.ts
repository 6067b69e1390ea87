/**
 * How fast traces are encoded, and how small they are. An event is one allocation sample with its
 * backtrace, as the reference (memtrace in OCaml, 8 M and 3.1 M events a second) was measured; the
 * host's copy of the stack into the module and its callback for packets are in it. Backtraces walk
 * a call tree: from one sample to the next the inner two frames or so change. For the bytes every
 * block is also freed, after some others, and that is an event too. Warm: the codes are known.
 */
import { readFileSync } from "node:fs";
import { AllocationSource } from "../../assembly/memtrace/abi.js";
import { TraceWriter } from "../../host/memtrace/writer.js";
import { Random } from "../wasm/random.js";
import { alone } from "./measure.js";
import type { Row } from "./row.js";

const START_US = 1_763_780_000_000_000;
const STACKS = 4096;
/** Different callees of one frame. */
const BRANCHES = 3;
/** Different positions in all. */
const POSITIONS = 6400;
/** Blocks that are allocated before a block is freed, at most. */
const LIFE_MAX = 300;
const WARM_EVENTS = 20 * STACKS;

/** Stacks one behind the other, innermost frame first, as the recorder has them. */
function walk(depth: number): Uint32Array {
  const random = new Random(42);
  const stacks = new Uint32Array(STACKS * depth);
  const stack = new Array<number>(depth).fill(0);
  for (let index = 0; index < STACKS; index++) {
    let kept = index === 0 ? 0 : depth - 1;
    while (kept > 1 && random.below(3) > 0) kept--;
    for (let frame = kept; frame < depth; frame++) {
      const callee = (stack[frame - 1] ?? 0) * 31 + 7 * random.below(BRANCHES);
      stack[frame] = 1000 + (callee % POSITIONS);
    }
    stacks.set(stack.toReversed(), index * depth);
  }
  return stacks;
}

/** A writer in the middle of a trace, and the walk that feeds it. */
class Encoding {
  readonly writer: TraceWriter;
  readonly #stacks: Uint32Array;
  #timeUs = START_US;
  #next = 0;
  emittedBytes = 0;

  constructor(private readonly depth: number) {
    const module = new WebAssembly.Module(readFileSync("build/memtrace.wasm"));
    const emit = (bytes: Uint8Array) => {
      this.emittedBytes += bytes.length;
    };
    this.writer = new TraceWriter(module, emit, (low) => [
      { file: "a.ts", line: low, firstColumn: 1, lastColumn: 9, definition: `f${low % 400}` },
    ]);
    this.#stacks = walk(depth);
    this.writer.begin({
      samplingRate: 1e-4,
      wordBits: 32,
      executable: "bench",
      host: "",
      runtimeParameters: "",
      pid: 1,
      startUs: START_US,
      context: "",
    });
    this.allocate(WARM_EVENTS);
  }

  allocate(count: number): void {
    const { depth, writer } = this;
    const { positions } = writer;
    for (let event = 0; event < count; event++) {
      const from = this.#next * depth;
      for (let frame = 0; frame < depth; frame++) {
        positions[frame] = this.#stacks[from + frame] ?? 0;
      }
      this.#next = (this.#next + 1) % STACKS;
      this.#timeUs += 3;
      const words = 1 + (event & 15);
      writer.putAllocation(this.#timeUs, words, 1, AllocationSource.External, depth);
    }
  }

  /** Bytes an event of allocations that are all freed, each once. */
  bytesAnEvent(allocations: number): number {
    const random = new Random(7);
    const live: number[] = [];
    const begin = this.emittedBytes;
    for (let event = 0; event < allocations; event++) {
      live.push(this.writer.nextId);
      this.allocate(1);
      if (live.length < LIFE_MAX) continue;
      const [id = 0] = live.splice(random.below(LIFE_MAX), 1);
      this.writer.putCollect(this.#timeUs, id);
    }
    for (const id of live) this.writer.putCollect(this.#timeUs, id);
    this.writer.flush();
    return (this.emittedBytes - begin) / (2 * allocations);
  }
}

function speedRow(depth: number, oursMin: number): Row {
  return {
    name: `memtrace_encode_depth_${depth}`,
    unit: "events/s",
    oursMin,
    run: async () => {
      const encoding = new Encoding(depth);
      // Many events an operation: a pause of the machine must not pass for a slow event.
      const ns = await alone((count) => encoding.allocate(count * STACKS));
      return { ours: (1e9 * STACKS) / ns };
    },
  };
}

export const MEMTRACE_ENCODE_ROWS: readonly Row[] = [
  speedRow(10, 7e6),
  speedRow(50, 2.8e6),
  {
    name: "memtrace_bytes_an_event",
    unit: "B",
    oursMax: 12,
    run: async () => ({ ours: new Encoding(10).bytesAnEvent(200_000) }),
  },
];
