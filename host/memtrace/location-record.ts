/**
 * What the host hands to the trace module: texts one behind the other, and locations as records of
 * 32 bytes (`LOCATION_RECORD_BYTES`), each followed by its two names. Limits are the module's.
 */
import { LOCATION_RECORD_BYTES, LOCATIONS_MAX } from "../../assembly/memtrace/abi.js";

/** A name in UTF-8, or text that becomes it. What follows a NUL is not written. */
export type TraceText = string | Uint8Array;

/**
 * Where code stands; `Location` of host/symbols is one. Numbers out of range become the maximum.
 */
export interface TraceLocation {
  readonly file: TraceText;
  /** At most 1,048,575. */
  readonly line: number;
  /** At most 255. */
  readonly firstColumn: number;
  /** At most 1,023. */
  readonly lastColumn: number;
  /** Qualified: viewers tell functions apart by this name alone. */
  readonly definition: TraceText;
}

export interface WrittenTexts {
  readonly byteCounts: readonly number[];
  /** Texts that did not fit. */
  readonly cutCount: number;
}

const encoder = new TextEncoder();

/** Writes texts one behind the other, cutting at a character what does not fit. */
export function putTexts(texts: readonly TraceText[], room: Uint8Array): WrittenTexts {
  let at = 0;
  let cutCount = 0;
  const byteCounts = texts.map((text) => {
    const left = room.subarray(at);
    let byteCount = putText(text, left);
    if (byteCount < 0) {
      cutCount++;
      byteCount = putCutText(text, left);
    }
    at += byteCount;
    return byteCount;
  });
  return { byteCounts, cutCount };
}

/** Writes locations as records; returns their bytes, or -1 when they are too many or too long. */
export function putLocations(locations: readonly TraceLocation[], room: Uint8Array): number {
  if (locations.length > LOCATIONS_MAX) return -1;
  const view = new DataView(room.buffer, room.byteOffset, room.byteLength);
  let at = 0;
  for (const { file, line, firstColumn, lastColumn, definition } of locations) {
    const names = at + LOCATION_RECORD_BYTES;
    if (names > room.length) return -1;
    const fileBytes = putText(file, room.subarray(names));
    if (fileBytes < 0) return -1;
    const definitionBytes = putText(definition, room.subarray(names + fileBytes));
    if (definitionBytes < 0) return -1;
    view.setFloat64(at, line, true);
    view.setFloat64(at + 8, firstColumn, true);
    view.setFloat64(at + 16, lastColumn, true);
    view.setUint32(at + 24, fileBytes, true);
    view.setUint32(at + 28, definitionBytes, true);
    at = names + fileBytes + definitionBytes;
  }
  return at;
}

/** Writes a text; returns its bytes, or -1 when it does not fit. */
function putText(text: TraceText, room: Uint8Array): number {
  if (typeof text === "string") {
    const { read, written } = encoder.encodeInto(text, room);
    return read < text.length ? -1 : written;
  }
  if (text.length > room.length) return -1;
  room.set(text);
  return text.length;
}

/** Writes as much of a text as fits, whole characters only; returns its bytes. */
function putCutText(text: TraceText, room: Uint8Array): number {
  if (typeof text === "string") return encoder.encodeInto(text, room).written;
  let until = Math.min(text.length, room.length);
  // A byte 10xxxxxx continues a character.
  while (until > 0 && ((text[until] ?? 0) & 0xc0) === 0x80) until--;
  room.set(text.subarray(0, until));
  return until;
}
