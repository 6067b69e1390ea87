/**
 * What an image that traces its memory is told of its guest, in the form that
 * assembly/link/memtrace/places.ts reads: texts of the trace's information, and for each call that
 * a backtrace may have, by its byte offset in the guest's file, where it is in the source.
 */
import type { Location } from "../symbols/location.js";

/** A call, and the functions that are inlined around it, the outermost one first. */
export interface Place {
  readonly position: number;
  readonly locations: readonly Location[];
}

/** What a trace says of its guest. */
export interface GuestTexts {
  readonly executable: string;
  readonly context: string;
}

const HEAD_BYTES = 20;
const CALL_BYTES = 8;
const LOCATION_BYTES = 16;
/** Bytes of either text; both must fit into a trace's first packet. */
const TEXT_BYTES_MAX = 8192;
const COLUMN_MAX = 0xffff;

/** Encodes the table; `places` ascend by position, each there once. */
export function encodePlaces(texts: GuestTexts, places: readonly Place[]): Uint8Array {
  const executable = encodeCut(texts.executable);
  const context = encodeCut(texts.context);
  const callsAt = (HEAD_BYTES + executable.length + context.length + 3) & ~3;
  const tail = new Tail(callsAt + places.length * CALL_BYTES);
  const calls = places.map(({ position, locations }) => [position, tail.locations(locations)]);
  const bytes = new Uint8Array(callsAt + places.length * CALL_BYTES + tail.byteCount);
  const head = [executable.length, context.length, places.length, callsAt, bytes.length];
  const view = new DataView(bytes.buffer);
  const put = (at: number, words: readonly number[]) => {
    words.forEach((word, index) => {
      view.setUint32(at + 4 * index, word, true);
    });
  };
  put(0, head);
  bytes.set(executable, HEAD_BYTES);
  bytes.set(context, HEAD_BYTES + executable.length);
  put(callsAt, calls.flat());
  tail.copyInto(bytes);
  return bytes;
}

/** Texts and locations behind the calls, equal ones once. */
class Tail {
  byteCount = 0;
  readonly #parts: Uint8Array[] = [];
  readonly #known = new Map<string, number>();

  /** `begin` is where it begins in the table. */
  constructor(private readonly begin: number) {}

  /** Where a list of locations is. */
  locations(locations: readonly Location[]): number {
    const rows = locations.map(({ file, line, firstColumn, lastColumn, definition }) => [
      line,
      Math.min(firstColumn, COLUMN_MAX) + Math.min(lastColumn, COLUMN_MAX) * 0x1_0000,
      this.#text(file),
      this.#text(definition),
    ]);
    return this.#once(`@${rows.join()}`, () => {
      const bytes = new Uint8Array(4 + rows.length * LOCATION_BYTES);
      const view = new DataView(bytes.buffer);
      [rows.length, ...rows.flat()].forEach((word, index) => {
        view.setUint32(4 * index, word, true);
      });
      return bytes;
    });
  }

  copyInto(bytes: Uint8Array): void {
    let at = this.begin;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
  }

  /** Where a counted text is. */
  #text(text: string): number {
    return this.#once(`"${text}`, () => {
      const encoded = encodeCut(text);
      // Filled up to words, as are the locations behind it.
      const bytes = new Uint8Array((encoded.length + 5) & ~3);
      new DataView(bytes.buffer).setUint16(0, encoded.length, true);
      bytes.set(encoded, 2);
      return bytes;
    });
  }

  #once(key: string, encode: () => Uint8Array): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const bytes = encode();
    const at = this.begin + this.byteCount;
    this.byteCount += bytes.length;
    this.#parts.push(bytes);
    this.#known.set(key, at);
    return at;
  }
}

/** UTF-8 of as many characters as there is room for. */
function encodeCut(text: string): Uint8Array {
  const room = new Uint8Array(Math.min(TEXT_BYTES_MAX, text.length * 3));
  const { written } = new TextEncoder().encodeInto(text, room);
  return room.subarray(0, written);
}
