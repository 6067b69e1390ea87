/**
 * Handles: objects that stand for one cell and write it straight through a typed array over it. A
 * write to a disabled source is one load and one branch.
 */
import {
  CELL_ACTIVE_FLOAT,
  CELL_ACTIVE_OFFSET,
  CELL_STATE_OFFSET,
  CELL_VALUE_OFFSET,
  type CellKind,
} from "../../assembly/abi.js";
import type { Core } from "../core.js";
import { BOUNDS, type FieldOptions } from "../definition.js";
import { MonitorError } from "../errors.js";
import { Buckets, bucketOf } from "./buckets.js";

/** Floats of a scalar's cell: the header, and the value. */
const SCALAR_FLOATS = 2;
/** What a handle writes to whose series was removed: a cell that is never active. */
const RETIRED = new Float64Array(SCALAR_FLOATS);

/** What all handles share. `cell` is a byte address. */
export class Cell {
  constructor(
    protected readonly core: Core,
    public cell: number,
  ) {}

  /** Whether the source is enabled: writes have an effect. */
  get active(): boolean {
    return this.core.bytes[this.cell + CELL_ACTIVE_OFFSET] === 1;
  }

  /** Points the handle at nothing, when its series is removed: the zeros that no source has. */
  retire(): void {
    this.cell = 0;
  }

  protected refuse(message: string): never {
    this.core.refusals++;
    throw new MonitorError("VALUE_INVALID", message);
  }
}

/**
 * Handles of floats. The view is never of memory that has grown away: an access past the end of an
 * array, once seen, would make the engine's code for all handles slower.
 */
class FloatCell extends Cell {
  /** The cell: its header, then its value or values. */
  protected view = RETIRED;

  /** `buckets` are a histogram's. */
  constructor(
    core: Core,
    cell: number,
    protected readonly buckets?: Buckets,
  ) {
    super(core, cell);
    core.viewers.add(this);
    this.look();
  }

  override retire(): void {
    super.retire();
    // Nobody else lets go of it: a series that comes and goes does not make memory grow.
    this.core.viewers.delete(this);
    this.view = RETIRED;
  }

  /** Looks at memory anew, after it has grown. */
  look(): void {
    const floatCount = SCALAR_FLOATS + (this.buckets?.bounds.length ?? 0);
    this.view = new Float64Array(this.core.memory.buffer, this.cell, floatCount);
  }
}

/** A counter's handle. */
export class CounterCell extends FloatCell {
  /** Adds `amount`, finite and not negative; throws `VALUE_INVALID` otherwise. */
  inc(amount = 1): void {
    const { view } = this;
    if (!((view[0] as number) >= CELL_ACTIVE_FLOAT)) return;
    // A text that came from JavaScript would be appended, not added.
    if (typeof amount !== "number" || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) {
      this.refuse(`a counter only grows: ${amount} is not a finite number of at least 0`);
    }
    (view[1] as number) += amount;
  }

  /**
   * Sets the total, as a system that counts by itself reports it; throws `VALUE_INVALID` unless it
   * is finite and not negative.
   */
  report(total: number): void {
    if (!this.active) return;
    if (!Number.isFinite(total) || total < 0) {
      this.refuse(`a counter's total is a finite number of at least 0, not ${total}`);
    }
    this.core.floats[(this.cell + CELL_VALUE_OFFSET) >>> 3] = total;
  }

  get(): number {
    return this.core.floats[(this.cell + CELL_VALUE_OFFSET) >>> 3] as number;
  }
}

/** A gauge's handle; also that of floats, booleans (0, 1) and durations (ns). */
export class GaugeCell extends FloatCell {
  set(value: number): void {
    const { view } = this;
    if (!((view[0] as number) >= CELL_ACTIVE_FLOAT)) return;
    if (typeof value !== "number") this.refuse(`a gauge takes a number, not ${value}`);
    view[1] = value;
  }

  inc(amount = 1): void {
    const { view } = this;
    if (!((view[0] as number) >= CELL_ACTIVE_FLOAT)) return;
    if (typeof amount !== "number") this.refuse(`a gauge takes a number, not ${amount}`);
    (view[1] as number) += amount;
  }

  dec(amount = 1): void {
    this.inc(-amount);
  }

  get(): number {
    return this.core.floats[(this.cell + CELL_VALUE_OFFSET) >>> 3] as number;
  }

  /** Counts `work` as in progress while it runs. */
  track<T>(work: () => T): T {
    this.inc();
    return settled(work, () => this.dec());
  }

  /** Sets the gauge to how long `work` took, in seconds. */
  time<T>(work: () => T): T {
    return settled(
      work,
      stopwatch((seconds) => this.set(seconds)),
    );
  }
}

/** The handle of an i64 or u64 field. */
export class IntegerCell extends Cell {
  /** Sets the value; the low 64 bits count. Throws `VALUE_INVALID` for what is no integer. */
  set(value: bigint | number): void {
    if (!this.active) return;
    if (typeof value !== "bigint" && !Number.isInteger(value)) {
      this.refuse(`an integer field takes an integer, not ${value}`);
    }
    this.core.integers[(this.cell + CELL_VALUE_OFFSET) >>> 3] = BigInt(value);
  }
}

/** The handle of a text field. */
export class TextCell extends Cell {
  /** Sets the text; what does not fit is cut on a character's boundary and counted. */
  set(text: string): void {
    if (this.active) this.core.setText(this.cell, text);
  }
}

/** The handle of a histogram or summary. A summary's values are the core's to count. */
export class DistributionCell extends FloatCell {
  private readonly bounds = this.buckets?.bounds ?? [];
  private readonly below = this.buckets?.below;

  /** Counts one value; throws `VALUE_INVALID` for NaN, and for what is no number. */
  observe(value: number): void {
    const { view } = this;
    if (!((view[0] as number) >= CELL_ACTIVE_FLOAT)) return;
    if (typeof value !== "number" || Number.isNaN(value)) {
      this.refuse(`an observation is a number, not ${value}`);
    }
    const { below } = this;
    if (below === undefined) {
      this.core.exports.observeCell(this.cell, value);
      return;
    }
    const bucket = bucketOf(this.bounds, below, value);
    (view[1] as number) += value;
    (view[SCALAR_FLOATS + bucket] as number) += 1;
  }

  /** Observes how long `work` takes, in seconds. */
  time<T>(work: () => T): T {
    return settled(work, this.startTimer());
  }

  /** Starts a timer; the function returned observes the seconds since, and returns them. */
  startTimer(): () => number {
    return stopwatch((seconds) => this.observe(seconds));
  }
}

/** Any handle of a field. */
export type FieldCell = CounterCell | GaugeCell | IntegerCell | TextCell | DistributionCell;

type CellClass = new (core: Core, cell: number, buckets?: Buckets) => FieldCell;

/** In the order of `CellKind`, from `Counter` on. */
const CLASSES: readonly CellClass[] = [
  CounterCell,
  GaugeCell,
  IntegerCell,
  DistributionCell,
  DistributionCell,
  TextCell,
];

/** What makes the handles of a field, of all its series. */
export function cellMaker(
  core: Core,
  { type, bounds = BOUNDS }: Pick<FieldOptions, "type" | "bounds">,
): (cell: number) => FieldCell {
  const buckets = type === "histogram" ? new Buckets(bounds) : undefined;
  return (cell) => {
    const kind = core.bytes[cell + CELL_STATE_OFFSET] as CellKind;
    return new (CLASSES[kind - 1] as CellClass)(core, cell, buckets);
  };
}

/** Starts a timer; the function returned tells `report` the seconds since, and returns them. */
function stopwatch(report: (seconds: number) => void): () => number {
  const startedMs = performance.now();
  return () => {
    const seconds = (performance.now() - startedMs) / 1e3;
    report(seconds);
    return seconds;
  };
}

/** Runs `work`, then `after`: at once, or when its promise settles; whatever becomes of it. */
function settled<T>(work: () => T, after: () => unknown): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    after();
    throw error;
  }
  if (result instanceof Promise) return result.finally(after) as T;
  after();
  return result;
}
