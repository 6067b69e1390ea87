/**
 * What an event script says of location codes, kept until the trace has to explain one: the bytes
 * of the lines, in blocks, so that a million of them is a million times their length and not more.
 */
import { MonitorError } from "../errors.js";
import type { TraceLocation } from "./location-record.js";
import type { ScriptLine } from "./script-line.js";

const BLOCK_BYTES = 1 << 20;
/** Bytes of all lines. */
const BOOK_BYTES_MAX = 2 ** 30;
const WORD = 0x1_0000_0000;

interface Entry {
  readonly block: Uint8Array;
  readonly begin: number;
  readonly until: number;
}

/** Remembers and finds locations by code. */
export class LocationBook {
  readonly #entries = new Map<number | bigint, Entry>();
  #block = new Uint8Array(0);
  #used = 0;
  #byteCount = 0;

  /** Remembers the fields of locations of a code; a later line for the same code replaces it. */
  add(low: number, high: number, fields: Uint8Array): void {
    if (this.#used + fields.length > this.#block.length) this.#openBlock(fields.length);
    this.#block.set(fields, this.#used);
    const begin = this.#used;
    this.#used += fields.length;
    this.#entries.set(keyOf(low, high), { block: this.#block, begin, until: this.#used });
  }

  /** Turns `line` to the fields of a code; false if the script has not told any. */
  open(low: number, high: number, line: ScriptLine): boolean {
    const entry = this.#entries.get(keyOf(low, high));
    if (entry === undefined) return false;
    const { block, begin, until } = entry;
    // A location has four tabs: no bytes are no fields, not an empty one.
    line.open(block, begin, until === begin ? begin - 1 : until);
    return true;
  }

  #openBlock(byteCount: number): void {
    const blockBytes = Math.max(BLOCK_BYTES, byteCount);
    this.#byteCount += blockBytes;
    if (this.#byteCount > BOOK_BYTES_MAX) {
      throw new MonitorError("LIMIT_REACHED", "more than 1 GiB of locations");
    }
    this.#block = new Uint8Array(blockBytes);
    this.#used = 0;
  }
}

/** Reads the locations in the rest of a line: five fields each. Names are views. */
export function readLocations(line: ScriptLine): TraceLocation[] {
  const locations: TraceLocation[] = [];
  while (!line.isAtEnd) {
    locations.push({
      file: line.readBytes("file name"),
      line: line.readNumber("line number"),
      firstColumn: line.readNumber("first column"),
      lastColumn: line.readNumber("last column"),
      definition: line.readBytes("definition name"),
    });
  }
  return locations;
}

/** Most codes are exact numbers, which a map keeps in less room. */
function keyOf(low: number, high: number): number | bigint {
  if (high < 0x20_0000) return high * WORD + low;
  return (BigInt(high) << 32n) | BigInt(low);
}
