/**
 * What an instrumented module says of itself: which functions are hooked and how its byte offsets
 * relate to those of the module it was made from. The rewriter writes it into the custom section
 * `wmon.hooks`, so that a module instrumented ahead of time can be traced as well.
 */
import { MonitorError } from "../errors.js";
import { readSections } from "./sections.js";

/** How call stacks are found: by the engine, or pushed by the guest itself. */
export type Stacks = "engine" | "shadow";

/** How the stacks of one module are found: Go's are read where it has them itself. */
export type FoundStacks = Stacks | "go";

export interface HookedFunction {
  /** Index in the original module's function space; the same in the instrumented one. */
  readonly index: number;
  readonly name: string;
  /** What it does: `malloc`-like, `calloc`-like, `free`-like, … */
  readonly role: HookRole;
  /** How it was found, for people: "name section", "export", … */
  readonly found: string;
}

export type HookRole = "allocate" | "allocate-zeroed" | "allocate-aligned" | "reallocate" | "free";

export interface HookDescription {
  readonly stacks: FoundStacks;
  readonly hooked: readonly HookedFunction[];
  /** What was looked for in vain or could not be hooked, a sentence each. */
  readonly notHooked: readonly string[];
  /** Functions whose frames are the allocator's and are stripped from backtraces, ascending. */
  readonly allocatorFunctions: readonly number[];
  /** The code of `allocatorFunctions`: byte offsets in the original module, ascending, apart. */
  readonly allocatorRanges: readonly CodeRange[];
  /**
   * Byte offsets, ascending by `instrumentedAt`: from there on an original byte is found
   * `instrumentedAt - originalAt` later than before; `originalAt` is -1 where bytes were added.
   */
  readonly segments: readonly OffsetSegment[];
  /** Byte length of the original module. */
  readonly originalBytes: number;
  /** Original bytes that were left out, in order, as base64. */
  readonly removed: string;
  /** With stacks of `go`: where calls are, for `GoCalls`. */
  readonly goCalls?: string;
}

export interface OffsetSegment {
  readonly instrumentedAt: number;
  readonly originalAt: number;
}

/** Byte offsets from `begin` up to but without `until`. */
export interface CodeRange {
  readonly begin: number;
  readonly until: number;
}

/** Name of the custom section. Its content is JSON; segments are pairs of differences. */
export const DESCRIPTION_SECTION = "wmon.hooks";

/** Encodes a description as the content of its custom section, without the section's name. */
export function encodeDescription(description: HookDescription): Uint8Array {
  const segments: number[] = [];
  let last: OffsetSegment = { instrumentedAt: 0, originalAt: 0 };
  for (const segment of description.segments) {
    segments.push(segment.instrumentedAt - last.instrumentedAt);
    segments.push(segment.originalAt - last.originalAt);
    last = segment;
  }
  return new TextEncoder().encode(JSON.stringify({ ...description, segments }));
}

/**
 * The description in an instrumented module; undefined for any other module. Throws
 * `GUEST_INVALID` for bytes that are no wasm module.
 */
export function readDescription(
  module: Uint8Array | WebAssembly.Module,
): HookDescription | undefined {
  const content = module instanceof WebAssembly.Module ? customOf(module) : contentOf(module);
  if (!content) return undefined;
  const { segments, ...rest } = parse(new TextDecoder().decode(content));
  return { ...rest, segments: decodeSegments(segments) };
}

type Encoded = Omit<HookDescription, "segments"> & { readonly segments: readonly number[] };

function parse(text: string): Encoded {
  try {
    const encoded: Encoded = JSON.parse(text);
    const { hooked, notHooked, allocatorRanges, segments } = encoded;
    if ([hooked, notHooked, allocatorRanges, segments].every(Array.isArray)) return encoded;
  } catch {
    // Not even JSON.
  }
  throw new MonitorError(
    "GUEST_INVALID",
    `its section ${DESCRIPTION_SECTION} is damaged: instrument the original module again`,
  );
}

function customOf(module: WebAssembly.Module): ArrayBuffer | undefined {
  return WebAssembly.Module.customSections(module, DESCRIPTION_SECTION)[0];
}

function contentOf(bytes: Uint8Array): Uint8Array | undefined {
  const section = readSections(bytes).find(({ name }) => name === DESCRIPTION_SECTION);
  return section && bytes.subarray(section.content, section.until);
}

function decodeSegments(differences: readonly number[]): OffsetSegment[] {
  const segments: OffsetSegment[] = [];
  let instrumentedAt = 0;
  let originalAt = 0;
  for (let index = 0; index + 1 < differences.length; index += 2) {
    instrumentedAt += differences[index] as number;
    originalAt += differences[index + 1] as number;
    segments.push({ instrumentedAt, originalAt });
  }
  return segments;
}

/**
 * Where the byte at `position` of the instrumented module stood in the original; undefined for
 * bytes that were added. Cost: logarithmic.
 */
export function originalPosition(
  segments: readonly OffsetSegment[],
  position: number,
): number | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle] as OffsetSegment).instrumentedAt <= position) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low - 1];
  if (!segment || segment.originalAt < 0) return undefined;
  return segment.originalAt + position - segment.instrumentedAt;
}
