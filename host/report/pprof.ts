/**
 * A profile for `go tool pprof` and what else reads pprof: allocated and live, objects and space.
 *
 * Format: google/pprof `proto/profile.proto`, encoded by pprof-format; value types are those of
 * Go's own heap profiles, so that options such as -inuse_space work.
 */
import {
  type FunctionInput,
  type LocationInput,
  Profile as PprofProfile,
  type SampleInput,
  StringTable,
} from "pprof-format";
import type { StackAmounts } from "./amounts.js";
import { type Frame, framesOf, NO_BACKTRACE } from "./frames.js";
import type { Selection } from "./selection.js";

const VALUE_TYPES = [
  ["alloc_objects", "count"],
  ["alloc_space", "bytes"],
  ["inuse_objects", "count"],
  ["inuse_space", "bytes"],
] as const;

const MAPPING_ID = 1;
const NS_PER_US = 1000;

/** Encodes the profile and compresses it, as pprof's files are. */
export async function encodePprof(selection: Selection): Promise<Uint8Array> {
  const encoded = new PprofProfile(describe(selection)).encode();
  const stream = new Blob([new Uint8Array(encoded)])
    .stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function describe(selection: Selection) {
  const { info, profile, isLive } = selection;
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const space = { type: text("space"), unit: text("bytes") };
  const places = new Places(selection, text);
  return {
    sampleType: VALUE_TYPES.map(([type, unit]) => ({ type: text(type), unit: text(unit) })),
    defaultSampleType: text(isLive ? "inuse_space" : "alloc_space"),
    sample: selection.stacks.map((stack) => places.sample(stack)),
    // Told that all is known, pprof does not look for the program to ask it.
    mapping: [
      {
        id: MAPPING_ID,
        filename: text(info.program),
        hasFunctions: true,
        hasFilenames: true,
        hasLineNumbers: true,
        hasInlineFrames: true,
      },
    ],
    location: places.locations,
    function: places.functions,
    stringTable: strings,
    timeNanos: BigInt(selection.beginUs) * BigInt(NS_PER_US),
    durationNanos: BigInt(selection.durationUs) * BigInt(NS_PER_US),
    periodType: space,
    period: Math.round(profile.estimate.bytesPerSample),
    comment: info.context ? [text(info.context)] : [],
  };
}

/** Locations and functions of the samples, numbered from 1 as they are needed. */
class Places {
  readonly locations: LocationInput[] = [];
  readonly functions: FunctionInput[] = [];
  /** Ids of locations by code; -1 stands for no backtrace. */
  readonly #locationIds = new Map<number, number>();
  readonly #functionIds = new Map<string, number>();

  constructor(
    private readonly selection: Selection,
    private readonly text: (value: string) => number,
  ) {}

  /** Innermost location first. */
  sample(stack: StackAmounts): SampleInput {
    const { tree, estimate } = this.selection.profile;
    const codes = tree.frames(stack.node).reverse();
    const bytes = (samples: number) => Math.round(samples * estimate.bytesPerSample);
    return {
      locationId: (codes.length > 0 ? codes : [-1]).map((code) => this.#location(code)),
      value: [
        Math.round(stack.allocatedBlocks),
        bytes(stack.allocatedSamples),
        Math.round(stack.liveBlocks),
        bytes(stack.liveSamples),
      ],
    };
  }

  #location(code: number): number {
    const known = this.#locationIds.get(code);
    if (known !== undefined) return known;
    const id = this.locations.length + 1;
    this.#locationIds.set(code, id);
    const { codes } = this.selection;
    const frames = code < 0 ? [NO_BACKTRACE] : framesOf(codes, code);
    // Of several lines the first is the innermost, which was inlined into the next.
    const line = [...frames]
      .reverse()
      .map((frame) => ({ functionId: this.#function(frame), line: frame.line }));
    const address = code < 0 ? 0n : BigInt.asUintN(64, codes.code(code));
    this.locations.push({ id, mappingId: MAPPING_ID, address, line });
    return id;
  }

  #function({ name, file }: Frame): number {
    const key = `${file.length} ${file}${name}`;
    const known = this.#functionIds.get(key);
    if (known !== undefined) return known;
    const id = this.functions.length + 1;
    this.#functionIds.set(key, id);
    const nameIndex = this.text(name);
    this.functions.push({
      id,
      name: nameIndex,
      systemName: nameIndex,
      filename: this.text(file),
    });
    return id;
  }
}
