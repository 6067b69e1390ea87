/**
 * The disks of a guest by id, on the guest's thread: series are registered once per id, in the main
 * thread, and there are only so many of them. What comes later shares the id `_overflow`.
 */
import { fitTagValue } from "../definition.js";
import { DiskCells } from "./cells.js";
import { Failures, OVERFLOW } from "./failures.js";
import type { DiskPlan } from "./sources.js";

/** Files and block devices that have a series of their own. */
export const IDS_MAX = 256;

export interface DiskRegistryOptions {
  readonly plan: DiskPlan;
  /** The core's, shared: one that is not would leave views behind as it grows. */
  readonly memory: WebAssembly.Memory;
  /**
   * Finds or makes a series of a source by its tag values; its address, or a negative `Status`. May
   * block until the main thread has answered.
   */
  readonly register: (source: number, values: readonly string[]) => number;
  /** Counts what was asked for and got `_overflow`. @default nobody counts */
  readonly fold?: (() => void) | undefined;
}

/** A directory that the guest was given, or the block devices, which have none. */
export interface Mount {
  /** What all its files do; undefined for block devices. */
  readonly cells: DiskCells | undefined;
  readonly disks: Map<string, DiskCells>;
  /** Shared by its files past the cap. */
  overflow?: DiskCells;
}

/** Finds or makes the cells of ids. */
export class DiskRegistry {
  readonly #options: DiskRegistryOptions;
  readonly #failures: Failures;
  readonly #devices: Mount = { cells: undefined, disks: new Map() };
  #idCount = 0;

  constructor(options: DiskRegistryOptions) {
    this.#options = options;
    this.#failures = new Failures(options);
  }

  /** Makes a mount; once for each. */
  mount(id: string): Mount {
    const { plan, memory, register } = this.#options;
    const fitting = fitTagValue(id);
    const series = register(plan.mount.address, [fitting]);
    const fail = this.#failures.of(fitting);
    return { cells: new DiskCells({ memory, plan: plan.mount, series, fail }), disks: new Map() };
  }

  /** The cells of a file, or of a block device; those of `_overflow` past 256 ids. */
  disk(id: string, mount: Mount = this.#devices): DiskCells {
    const fitting = fitTagValue(id);
    const known = mount.disks.get(fitting);
    if (known) return known;
    if (this.#idCount >= IDS_MAX) {
      this.fold();
      mount.overflow ??= this.#open(OVERFLOW, mount);
      return mount.overflow;
    }
    this.#idCount++;
    const cells = this.#open(fitting, mount);
    mount.disks.set(fitting, cells);
    return cells;
  }

  /** The cells of an id that has a series of its own already. */
  known(id: string, { disks }: Mount): DiskCells | undefined {
    return disks.get(fitTagValue(id));
  }

  /** Counts a file that has no series of its own. */
  fold(): void {
    this.#options.fold?.();
  }

  #open(id: string, { cells: parent }: Mount): DiskCells {
    const { plan, memory, register } = this.#options;
    const series = register(plan.disk.address, [id]);
    const fail = this.#failures.of(id);
    return new DiskCells({ memory, plan: plan.disk, series, fail, parent });
  }
}
