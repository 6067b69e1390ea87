/**
 * Traced guests on this thread: modules that an embedding program instantiates itself.
 */
import { MonitorError } from "../errors.js";
import type { HookDescription, Stacks } from "../instrument/description.js";
import { type Hooks, openHooks } from "../instrument/hooks.js";
import { CodeMap } from "./code-map.js";
import { GoStack } from "./go-stack.js";
import { createCounts, LocalGuest } from "./guest.js";
import { type HookedModule, hookModule } from "./hooked.js";
import { Recorder } from "./recorder.js";
import { Sampler } from "./sampler.js";
import { EngineStack, type Modules, ShadowStack } from "./stack.js";
import type { Tracer } from "./tracer.js";

/** How a module is instrumented. */
export interface InstrumentOptions {
  /** As traces and logs name the module. @default "guest" */
  readonly name?: string | undefined;
  /**
   * Who finds call stacks: the engine, where it can (V8), or the module itself, which costs it a
   * few per cent and makes a sample ten times cheaper.
   * @default "engine", "shadow" where the engine cannot
   */
  readonly stacks?: Stacks | undefined;
  /** The text of its source map. @default none, unless the module contains it */
  readonly sourceMap?: string | undefined;
  /** The wasm file with its DWARF. @default the module itself */
  readonly externalDwarf?: Uint8Array | undefined;
}

/** A module with hooked allocators, to be instantiated in place of the original. */
export interface InstrumentedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Which functions are hooked, how they were found, what could not be. */
  readonly description: HookDescription;
  /** What a user should know of the hooks, a sentence each. */
  readonly warnings: readonly string[];
  /**
   * Lets traces see an instance of these bytes, from now on: best right after it is instantiated,
   * before anything is called. Returns what lets it go again; until then it is kept alive. Throws
   * `GUEST_INVALID` for an instance of other bytes.
   */
  attach(instance: WebAssembly.Instance): () => void;
}

/** The modules of one monitor: their frames appear in each other's backtraces. */
export class Plugins {
  readonly #modules: Modules = new Map();

  constructor(private readonly tracer: Tracer) {}

  /** Hooks a module's allocators. Throws `GUEST_INVALID`, `OPTION_INVALID`. */
  async instrument(bytes: Uint8Array, options: InstrumentOptions): Promise<InstrumentedModule> {
    const { name, stacks, sourceMap, externalDwarf } = options;
    check(bytes, stacks);
    const debug = {
      ...(sourceMap !== undefined && { sourceMap }),
      ...(externalDwarf && { externalDwarf }),
    };
    const hooked = hookModule(bytes, { name, stacks, findDebug: async () => debug });
    const { bytes: _bytes, ...traced } = hooked;
    const map = new CodeMap(await this.tracer.addModule(traced), hooked.description);
    return {
      bytes: hooked.bytes,
      description: hooked.description,
      warnings: hooked.warnings,
      attach: (instance) => this.#attach(instance, hooked, map),
    };
  }

  #attach(instance: WebAssembly.Instance, hooked: HookedModule, map: CodeMap): () => void {
    let hooks: Hooks | undefined;
    const counts = createCounts();
    const { stacks } = hooked.description;
    const stack =
      stacks === "engine"
        ? new EngineStack(map, this.#modules)
        : new (stacks === "go" ? GoStack : ShadowStack)(map, () => hooks);
    const recorder = new Recorder({ stack, counts });
    hooks = openHooks(instance, hooked.description, recorder);
    // Nothing could be hooked in it.
    if (hooks === undefined) return () => {};
    recorder.attach(hooks);
    const { tracer } = this;
    const guest = new LocalGuest(
      recorder,
      counts,
      (samplingRate, seed) => new Sampler(tracer.module, samplingRate, seed),
    );
    tracer.addGuest(guest);
    return () => {
      tracer.removeGuest(guest);
      recorder.detach();
    };
  }
}

/** Not every caller has a compiler that says so. */
function check(bytes: Uint8Array, stacks: Stacks | undefined): void {
  if (!(bytes instanceof Uint8Array)) {
    throw new MonitorError("OPTION_INVALID", "instrument: wanted is the module as a Uint8Array");
  }
  if (stacks === undefined || stacks === "engine" || stacks === "shadow") return;
  throw new MonitorError("OPTION_INVALID", `stacks: ${stacks} is neither "engine" nor "shadow"`);
}
