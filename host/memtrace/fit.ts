/**
 * Makes the locations of a code fit into a trace, which has 4,096 bytes and 255 of them for each
 * and loses the code otherwise: Rust and C++ inline deep, under names of hundreds of characters.
 */
import { LOCATION_BYTES_MAX, LOCATIONS_MAX } from "../../assembly/memtrace/abi.js";
import type { Location } from "../symbols/location.js";

/** Characters of a name, where not all fit. */
const NAME_MAX = 200;
/** Code and count; then for each location its 48 bits and two closing NULs. */
const HEAD_BYTES = 16;
const LOCATION_BYTES = 8;
/** UTF-8 of a character of a text, at most: names are almost all ASCII, and never worse. */
const CHARACTER_BYTES = 3;

/**
 * Locations from the outermost to the innermost inlined function, names shortened and the innermost
 * left out as far as is needed.
 */
export function fitLocations(locations: readonly Location[]): readonly Location[] {
  if (fits(locations)) return locations;
  const fitting = locations.slice(0, LOCATIONS_MAX).map(shorten);
  while (fitting.length > 1 && !fits(fitting)) fitting.pop();
  return fitting;
}

function fits(locations: readonly Location[]): boolean {
  const byteCount = locations.reduce(
    (sum, { file, definition }) => sum + LOCATION_BYTES + bytesOf(file) + bytesOf(definition),
    HEAD_BYTES,
  );
  return locations.length <= LOCATIONS_MAX && byteCount <= LOCATION_BYTES_MAX;
}

function bytesOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  return /^[\x00-\x7f]*$/.test(text) ? text.length : text.length * CHARACTER_BYTES;
}

/** A file's end and a function's beginning say most. */
function shorten({ file, definition, ...rest }: Location): Location {
  return {
    ...rest,
    file: file.length > NAME_MAX ? `…${file.slice(1 - NAME_MAX)}` : file,
    definition: definition.length > NAME_MAX ? `${definition.slice(0, NAME_MAX - 1)}…` : definition,
  };
}
