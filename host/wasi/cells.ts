/**
 * Writes cells of the core straight through typed arrays over its memory (assembly/README.md,
 * *Cells*). One writer a cell, plain stores; works from any thread that has the memory.
 */
import { CELL_ACTIVE_FLOAT, CELL_VALUE_OFFSET } from "../../assembly/abi.js";

/** A float cell: field record, state, value. */
const CELL_BYTES = 16;

/** A writer of float cells. Addresses must be cells of this memory: they are not checked. */
export class Cells {
  #floats = new Float64Array(0);

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
    if (cell + CELL_BYTES > this.#floats.byteLength) this.#refresh();
    this.#floats[this.#valueIndex(cell)] = value;
  }

  /** Whether the cell's source is enabled now. */
  isActive(cell: number): boolean {
    if (cell + CELL_BYTES > this.#floats.byteLength) this.#refresh();
    return (this.#floats[cell >>> 3] ?? 0) >= CELL_ACTIVE_FLOAT;
  }

  #valueIndex(cell: number): number {
    return (cell + CELL_VALUE_OFFSET) >>> 3;
  }

  /** Shared memory grows behind a view's back: only a cell past its end tells. */
  #refresh(): void {
    this.#floats = new Float64Array(this.memory.buffer);
  }
}

/** A counter's cell for the hottest paths; its memory must be there already. */
export class Counter {
  private readonly view: Float64Array;

  constructor(memory: WebAssembly.Memory, cell: number) {
    this.view = new Float64Array(memory.buffer, cell, CELL_BYTES >>> 3);
  }

  /** Adds while the source is active. */
  add(amount: number): void {
    const { view } = this;
    if ((view[0] as number) >= CELL_ACTIVE_FLOAT) (view[1] as number) += amount;
  }
}
