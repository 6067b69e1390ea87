/**
 * Location events of one domain: what a location code stands for.
 *
 * Format: janestreet/memtrace `location_codec.ml`. A code has several locations where functions
 * are inlined: the outermost function first, as in a backtrace.
 */
import type { Location } from "../symbols/location.js";
import type { Cursor } from "./cursor.js";
import { DamageError } from "./damage.js";
import { NEW_NAME, RecentTable } from "./names.js";

/** The last version whose writer may rely on a name table that outlives its file. */
const STALE_NAMES_VERSION_MAX = 2;

type DefinitionTable = RecentTable<undefined>;

/** Reads the locations of codes, which depend on those read before. */
export class LocationDecoder {
  readonly #files = new RecentTable<DefinitionTable>();

  constructor(private readonly version: number) {}

  /** The locations of one code, behind the code itself. */
  read(cursor: Cursor): Location[] {
    const count = cursor.u8();
    const locations: Location[] = [];
    for (let index = 0; index < count; index++) locations.push(this.#readLocation(cursor));
    return locations;
  }

  /** 48 bits, low bits first: line 20, first column 8, last column 10, file 5, definition 5. */
  #readLocation(cursor: Cursor): Location {
    const at = cursor.byte;
    const low = cursor.u32();
    const high = cursor.u16();
    const [file, definitions] = this.#file(cursor, (high >>> 6) & 31, at);
    const definition = readDefinition(cursor, { definitions, index: high >>> 11, at });
    return {
      file,
      line: low & 0xfffff,
      firstColumn: (low >>> 20) & 0xff,
      lastColumn: ((high & 0x3f) << 4) | (low >>> 28),
      definition,
    };
  }

  #file(cursor: Cursor, index: number, at: number): readonly [string, DefinitionTable] {
    if (index === NEW_NAME) return this.#files.push(cursor.text(), this.#newDefinitions());
    const entry = this.#files.use(index);
    if (!entry) throw new DamageError(at, "a location refers to a file that was never named");
    return entry;
  }

  /** The first writer reused the table of the file that falls out: `location_codec.ml`, Reader. */
  #newDefinitions(): DefinitionTable {
    const stale = this.version <= STALE_NAMES_VERSION_MAX ? this.#files.last : undefined;
    return stale ?? new RecentTable();
  }
}

function readDefinition(
  cursor: Cursor,
  { definitions, index, at }: { definitions: DefinitionTable; index: number; at: number },
): string {
  if (index === NEW_NAME) return definitions.push(cursor.text(), undefined)[0];
  const entry = definitions.use(index);
  if (!entry) throw new DamageError(at, "a location refers to a definition that was never named");
  return entry[0];
}
