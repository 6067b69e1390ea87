/**
 * A guest made ready for an image that traces its memory: hooked with shadow stacks, and all places
 * of its calls looked up, for an image has no symbols.
 */
import { MonitorError } from "../errors.js";
import { readDescription } from "../instrument/description.js";
import { instrument } from "../instrument/instrument.js";
import { restoreOriginal } from "../instrument/restore.js";
import { TracedModules } from "../memtrace/modules.js";
import { openSymbols, type SymbolOptions } from "../symbols/symbols.js";
import { encodePlaces } from "./places.js";

/** A hooked guest, for `linkGuest`. */
export interface TracedGuest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What its monitor is told of it. */
  readonly places: Uint8Array;
  /** What a user should know of the hooks, a sentence each. */
  readonly warnings: readonly string[];
}

/** How a guest is made ready. */
export interface TraceOptions {
  /** As traces name it: its file's name. */
  readonly name: string;
  /** Finds debug information outside of the module. @default none */
  readonly findDebug?: (original: Uint8Array) => Promise<SymbolOptions>;
}

/**
 * Hooks a guest's allocators; one that was instrumented before is hooked anew. Rejects with
 * `GUEST_INVALID` where nothing can be hooked, and for Go, whose stacks an image cannot read.
 */
export async function traceGuest(guest: Uint8Array, options: TraceOptions): Promise<TracedGuest> {
  const { name, findDebug } = options;
  const before = readDescription(guest);
  const original = before ? restoreOriginal(guest, before) : guest;
  const hooked = instrument(original, { stacks: "shadow" });
  const { description } = hooked;
  if (description.hooked.length === 0) {
    const reasons = description.notHooked.join("; ");
    throw new MonitorError("GUEST_INVALID", `has no allocators that can be traced: ${reasons}`);
  }
  if (description.stacks !== "shadow") {
    throw new MonitorError(
      "GUEST_INVALID",
      "is a program of Go's, whose stacks no linked image can read: trace it by wmon run, or " +
        "link it without --memtrace",
    );
  }
  const warnings = [...hooked.warnings];
  const modules = new TracedModules((text) => warnings.push(text));
  const findAll = async () => openSymbols(original, (await findDebug?.(original)) ?? {});
  modules.add({ name, description, openSymbols: findAll });
  await modules.openSymbols();
  const places = hooked.pushed.map((position) => ({
    position,
    locations: modules.locate(position, 0),
  }));
  modules.tellProblems();
  const texts = { executable: name, context: modules.context };
  return { bytes: hooked.bytes, places: encodePlaces(texts, places), warnings };
}
