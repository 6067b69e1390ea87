/**
 * The modules that a monitor traces: what each is called, how it was hooked, and where its code
 * stands in its source, found once a place.
 */
import type { HookDescription } from "../instrument/description.js";
import type { Location } from "../symbols/location.js";
import type { Symbols } from "../symbols/symbols.js";
import { UNKNOWN_POSITION } from "./event.js";
import { fitLocations } from "./fit.js";

/** A module as it was instrumented. */
export interface TracedModule {
  /** As a user knows it: its file's name. */
  readonly name: string;
  readonly description: HookDescription;
  /** Reads its debug information; called when a trace first begins. */
  readonly openSymbols: () => Symbols | Promise<Symbols>;
}

/** Problems that are told one by one; of more only their number. */
const PROBLEMS_TOLD_MAX = 3;

const UNKNOWN: readonly Location[] = [
  { file: "<unknown>", line: 1, firstColumn: 1, lastColumn: 1, definition: "??" },
];

export class TracedModules {
  readonly #modules: TracedModule[] = [];
  readonly #opening: (Promise<void> | undefined)[] = [];
  readonly #opened: (Symbols | undefined)[] = [];
  /** How many problems of each were told. */
  readonly #toldCounts: number[] = [];
  /** By code: the module's index times 2^32 plus the position. */
  readonly #known = new Map<number, readonly Location[]>();

  /** `warn` tells that a module's debug information cannot be read. */
  constructor(private readonly warn: (text: string) => void) {}

  /** Adds a module; its index. */
  add(module: TracedModule): number {
    return this.#modules.push(module) - 1;
  }

  get count(): number {
    return this.#modules.length;
  }

  /** Names of all, for the trace's information. */
  get names(): string {
    return this.#modules.map(({ name }) => name).join(", ");
  }

  /** Whether there are modules, and in none of them anything could be hooked. */
  get isUnhooked(): boolean {
    return this.count > 0 && this.#modules.every(({ description }) => !isHooked(description));
  }

  /** Whether all keep a stack of their own, which is read faster than the engine's. */
  get isShadow(): boolean {
    return (
      this.count > 0 && this.#modules.every(({ description: { stacks } }) => stacks !== "engine")
    );
  }

  /** What was not hooked, and why. */
  get complaints(): readonly string[] {
    return this.#modules.flatMap(({ description }) => description.notHooked);
  }

  /** The trace's context: `stacks=engine hooked=malloc,free`, a part a module. */
  get context(): string {
    return this.#modules
      .map(({ name, description: { stacks, hooked } }) => {
        const names = hooked.map((each) => each.name).join(",");
        const prefix = this.count > 1 ? `module=${name} ` : "";
        return `${prefix}stacks=${stacks} hooked=${names || "nothing"}`;
      })
      .join("; ");
  }

  /** Opens what is not open yet; never rejects. */
  async openSymbols(): Promise<void> {
    await Promise.all(this.#modules.map((_, index) => this.#open(index)));
  }

  /** The locations of a code; unknown for what no debug information tells. */
  locate(position: number, index: number): readonly Location[] {
    const code = index * 2 ** 32 + position;
    let found = this.#known.get(code);
    if (found === undefined) {
      found = this.#find(position, index);
      this.#known.set(code, found);
    }
    return found;
  }

  /** Warns of what was found broken in debug information, each once. */
  tellProblems(): void {
    for (const [index, symbols] of this.#opened.entries()) {
      const { problems = [] } = symbols ?? {};
      const told = this.#toldCounts[index] ?? 0;
      this.#toldCounts[index] = problems.length;
      const news = problems.slice(told);
      const name = this.#modules[index]?.name;
      for (const problem of news.slice(0, PROBLEMS_TOLD_MAX)) this.warn(`${name}: ${problem}`);
      const restCount = news.length - PROBLEMS_TOLD_MAX;
      if (restCount > 0) this.warn(`${name}: ${restCount} more problems of its debug information`);
    }
  }

  #find(position: number, index: number): readonly Location[] {
    if (position === UNKNOWN_POSITION) return UNKNOWN;
    try {
      const found = this.#opened[index]?.locate(position) ?? UNKNOWN;
      // A trace has inlined functions last, in what they are inlined into first.
      return found.length > 0 ? fitLocations(found.toReversed()) : UNKNOWN;
    } catch {
      return UNKNOWN;
    }
  }

  #open(index: number): Promise<void> {
    this.#opening[index] ??= this.#read(index);
    return this.#opening[index];
  }

  async #read(index: number): Promise<void> {
    const { name, openSymbols } = this.#modules[index] as TracedModule;
    try {
      this.#opened[index] = await openSymbols();
    } catch (error) {
      this.warn(`${name}: no source lines: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function isHooked({ hooked }: HookDescription): boolean {
  return hooked.some(({ role }) => role !== "free");
}
