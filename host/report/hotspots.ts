/**
 * The functions that allocate most, byte for byte as the reference's `hotspots` prints them.
 *
 * Rules and format: janestreet/memtrace `bin/hotspots.ml`. A word counts as 8 bytes there, whatever
 * the trace says; a code is its innermost inlined function; functions are told apart by file and
 * name; callers are counted in allocations but compared with samples. Kept as they are, so that the
 * output agrees. The reference stops at an empty backtrace; here its samples count in the total.
 */
import type { CodeTable } from "../trace/code-table.js";
import type { Allocation, TraceInfo, TraceVisitor } from "../trace/visitor.js";
import { HeavyHitters } from "./heavy-hitters.js";
import { formatBytes, formatFixed } from "./printf.js";

/** What the reference takes a word for. */
export const HOTSPOTS_WORD_BYTES = 8;
const SHARE_MIN = 0.005;
const CALLER_SHARE_MIN = 0.1;
const CALLER_FACTOR = 1.2;
const POSITIONS_MAX = 3;
/** Frames to go back from a code that has no locations. */
const DISCARD_MAX = 2;
/** Buckets of the reference's table of hot functions: it never has enough of them to grow. */
const BUCKETS = 128;
const OCAML_INT_BITS = 63;

interface HotFunction {
  readonly id: number;
  readonly file: string;
  readonly name: string;
  /** Most recently seen first. */
  readonly positions: Position[];
  /** Samples of allocations further in. */
  innerSamples: number;
  /** Samples of its own allocations. */
  ownSamples: number;
  /** The last allocation that counted this function. */
  seenAt: number;
}

interface Position {
  readonly of: HotFunction;
  readonly line: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
  samples: number;
}

interface Caller {
  readonly of: HotFunction;
  readonly count: number;
}

interface HotAllocator {
  readonly of: HotFunction;
  readonly callers: Caller[];
}

/** How hotspots differ from the reference's. */
export interface HotspotsOptions {
  /** What the samples are of, before "allocations"; the reference says nothing. */
  readonly kind?: string | undefined;
  /** The least samples of a function that is shown; by default over 0.5 % of all. */
  readonly samplesMin?: number | undefined;
}

/** What hotspots say. */
export interface HotspotsReport {
  readonly text: string;
  readonly unlistedSamples: number;
}

/** Counts allocations by function and by caller. */
export class Hotspots implements TraceVisitor {
  #info: TraceInfo | undefined;
  #codes: CodeTable | undefined;
  /** By number of code. */
  readonly #positions: Position[] = [];
  readonly #functions: HotFunction[] = [];
  readonly #byName = new Map<string, Map<string, HotFunction>>();
  readonly #pairs = new HeavyHitters();
  #allocations = 0;
  #samples = 0;

  begin(info: TraceInfo, codes: CodeTable): void {
    this.#info = info;
    this.#codes = codes;
  }

  allocate({ samples, frames, frameCount }: Allocation | Stack): void {
    this.#samples += samples;
    this.#allocations++;
    if (frameCount === 0) return;
    const leaf = this.#position(frames, frameCount - 1);
    leaf.samples += samples;
    leaf.of.ownSamples += samples;
    for (let index = frameCount - 2; index >= 0; index--) {
      const caller = this.#position(frames, index).of;
      if (caller.seenAt === this.#allocations) continue;
      caller.seenAt = this.#allocations;
      caller.innerSamples += samples;
      this.#pairs.add(caller.id, leaf.of.id);
    }
  }

  /** All samples so far. */
  get samples(): number {
    return this.#samples;
  }

  /** The report, and the samples of functions that it does not list. */
  print({ kind = "", samplesMin }: HotspotsOptions = {}): HotspotsReport {
    const info = this.#info;
    if (!info) return { text: "", unlistedSamples: 0 };
    const bytes = (samples: number) =>
      formatBytes((samples / info.samplingRate) * HOTSPOTS_WORD_BYTES);
    const title =
      `Trace for ${info.program} [${info.pid}]:\n` +
      `   ${this.#samples} samples of ${bytes(this.#samples)} ${kind}allocations\n\n`;
    const hot = this.#hot(samplesMin);
    return {
      text: title + hot.map((allocator) => this.#describe(allocator, bytes)).join(""),
      unlistedSamples: hot.reduce((rest, { of }) => rest - of.ownSamples, this.#samples),
    };
  }

  #position(frames: ArrayLike<number>, index: number): Position {
    const code = frames[index] as number;
    const known = this.#positions[code];
    if (known) return known;
    const { file, definition, ...place } = this.#locate(frames, index);
    const of = this.#function(file, definition);
    const position = { of, ...place, samples: 0 };
    of.positions.unshift(position);
    this.#positions[code] = position;
    return position;
  }

  /** The innermost location of a code, or of one of the two callers of a code without any. */
  #locate(frames: ArrayLike<number>, index: number): Place {
    let at = index;
    for (;;) {
      const location = this.#codes?.locations(frames[at] as number).at(-1);
      if (location) return location;
      if (at === 0 || index - at === DISCARD_MAX) break;
      at--;
    }
    const code = BigInt.asUintN(OCAML_INT_BITS, this.#codes?.code(frames[at] as number) ?? 0n);
    return { file: "??", definition: `#${code.toString(16)}`, ...NOWHERE };
  }

  #function(file: string, name: string): HotFunction {
    let names = this.#byName.get(file);
    if (!names) {
      names = new Map();
      this.#byName.set(file, names);
    }
    const known = names.get(name);
    if (known) return known;
    const id = this.#functions.length;
    const counts = { innerSamples: 0, ownSamples: 0, seenAt: 0 };
    const added: HotFunction = { id, file, name, positions: [], ...counts };
    names.set(name, added);
    this.#functions.push(added);
    return added;
  }

  /** The functions to show, in the order of the reference where they are equally hot. */
  #hot(samplesMin: number | undefined): HotAllocator[] {
    const hot = new Map<HotFunction, HotAllocator>();
    for (const { first, second, hits } of this.#pairs.list()) {
      const of = this.#functions[second] as HotFunction;
      const caller = this.#functions[first] as HotFunction;
      const share = of.ownSamples / this.#samples;
      if (samplesMin === undefined ? !(share > SHARE_MIN) : of.ownSamples < samplesMin) continue;
      const allocator = hot.get(of) ?? { of, callers: [] };
      hot.set(of, allocator);
      const isTypical =
        hits / totalSamples(caller) > Math.max(CALLER_SHARE_MIN, share * CALLER_FACTOR);
      if (isTypical && hits / this.#samples > SHARE_MIN)
        allocator.callers.unshift({ of: caller, count: hits });
    }
    const inTable = [...hot.values()].map((allocator, order) => ({ allocator, order }));
    return inTable
      .sort(
        (one, other) =>
          other.allocator.of.ownSamples - one.allocator.of.ownSamples ||
          bucketOf(other.allocator.of) - bucketOf(one.allocator.of) ||
          one.order - other.order,
      )
      .map(({ allocator }) => allocator);
  }

  #describe({ of, callers }: HotAllocator, bytes: (samples: number) => string): string {
    const share = formatFixed(100 * (of.ownSamples / this.#samples), 1).padStart(4);
    const head = `${bytes(of.ownSamples)} (${share}%) at ${of.name} (${of.file}:`;
    const lines = [...callers]
      .sort((one, other) => other.count - one.count)
      .filter((caller) => totalSamples(caller.of) / this.#samples > SHARE_MIN)
      .map((caller) => {
        const callerShare = formatFixed(100 * (caller.count / totalSamples(caller.of)), 0);
        return `    ${bytes(caller.count)} via ${caller.of.name} (${callerShare}% of this)\n`;
      });
    const including = lines.length > 0 ? "      including:\n" : "";
    return `${head}${describePositions(of.positions)})\n${including}${lines.join("")}\n`;
  }
}

/** What hotspots count of an allocation. */
export interface Stack {
  readonly samples: number;
  readonly frames: ArrayLike<number>;
  readonly frameCount: number;
}

interface Place {
  readonly file: string;
  readonly definition: string;
  readonly line: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
}

const NOWHERE = { line: 0, firstColumn: 0, lastColumn: 0 };

function totalSamples({ innerSamples, ownSamples }: HotFunction): number {
  return innerSamples + ownSamples;
}

function bucketOf({ id }: HotFunction): number {
  return Math.imul(id, 21089245) & (BUCKETS - 1);
}

function describePositions(positions: readonly Position[]): string {
  const hot = positions
    .filter(({ samples }) => samples > 0)
    .sort((one, other) => other.samples - one.samples);
  const shown = hot
    .slice(0, POSITIONS_MAX)
    .map(({ line, firstColumn, lastColumn }) => `${line}:${firstColumn}-${lastColumn}`);
  return shown.join(", ") + (hot.length > POSITIONS_MAX ? "..." : "");
}
