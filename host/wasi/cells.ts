/**
 * Writes cells of the core straight through typed arrays over its memory (assembly/README.md,
 * *Cells*). One writer a cell, plain stores; works from any thread that has the memory.
 */
import { CELL_ACTIVE, CELL_STATE_OFFSET, CELL_VALUE_OFFSET } from "../../assembly/abi.js";

/** A writer of float cells. Addresses must be cells of this memory: they are not checked. */
export class Cells {
  #floats = new Float64Array(0);
  #words = new Uint32Array(0);

  constructor(private readonly memory: WebAssembly.Memory) {}

  /** A writer of one counter, registered before. */
  counter(cell: number): Counter {
    return new Counter(this.memory, cell);
  }

  /** Adds to a cell while its source is active. */
  add(cell: number, value: number): void {
    if (!this.isActive(cell)) return;
    const index = this.#valueIndex(cell);
    this.#floats[index] = (this.#floats[index] ?? 0) + value;
  }

  /** Sets a cell while its source is active. */
  set(cell: number, value: number): void {
    if (this.isActive(cell)) this.#floats[this.#valueIndex(cell)] = value;
  }

  /** Sets a cell whether its source is active or not. */
  record(cell: number, value: number): void {
    if (cell + CELL_BYTES > this.#words.byteLength) this.#refresh();
    this.#floats[this.#valueIndex(cell)] = value;
  }

  /** Whether the cell's source is enabled now. */
  isActive(cell: number): boolean {
    if (cell + CELL_BYTES > this.#words.byteLength) this.#refresh();
    return ((this.#words[(cell + CELL_STATE_OFFSET) >>> 2] ?? 0) & CELL_ACTIVE) !== 0;
  }

  #valueIndex(cell: number): number {
    return (cell + CELL_VALUE_OFFSET) >>> 3;
  }

  /** Shared memory grows behind a view's back: only a cell past its end tells. */
  #refresh(): void {
    this.#floats = new Float64Array(this.memory.buffer);
    this.#words = new Uint32Array(this.memory.buffer);
  }
}

/** A counter's cell for the hottest paths; its memory must be there already. */
export class Counter {
  private readonly floats: Float64Array;
  private readonly words: Uint32Array;
  private readonly stateAt: number;
  private readonly valueAt: number;

  constructor(memory: WebAssembly.Memory, cell: number) {
    this.floats = new Float64Array(memory.buffer);
    this.words = new Uint32Array(memory.buffer);
    this.stateAt = (cell + CELL_STATE_OFFSET) >>> 2;
    this.valueAt = (cell + CELL_VALUE_OFFSET) >>> 3;
  }

  /** Adds while the source is active. */
  add(amount: number): void {
    if ((this.words[this.stateAt] as number) < CELL_ACTIVE) return;
    (this.floats[this.valueAt] as number) += amount;
  }
}

/** A float cell: field record, state, value. */
const CELL_BYTES = 16;
