/**
 * Move-to-front tables of names, as memtrace's `location_codec.ml` has them: 31 file names, each
 * with 31 definition names of its own, most recent first. Kept are hashes of 59 bits, not names:
 * one look in 10^16 takes a name for another one.
 */
import { FILES, TABLES } from "./layout";

/** Names of a table; also the index that says: not in the table, the name follows. */
export const NAMES_MAX: u32 = 31;

/** The low bits of a file's hash say which table has its definitions. */
const TABLE_MASK: u64 = 31;

/** Forgets all names. */
export function clearNames(): void {
  store<u32>(FILES, 0);
}

/** Finds a file's index, `NAMES_MAX` for a new one, and moves it to the front. */
export function findFile(name: usize, byteCount: u32): u32 {
  const index = moveToFront(FILES, hashOf(name, byteCount));
  if (index == NAMES_MAX) store<u32>(definitionsOfFirst(), 0);
  return index;
}

/** Finds the index of a definition in the file that was found last, and moves it to the front. */
export function findDefinition(name: usize, byteCount: u32): u32 {
  return moveToFront(definitionsOfFirst(), hashOf(name, byteCount));
}

function definitionsOfFirst(): usize {
  return TABLES + ((<usize>(load<u64>(FILES, 8) & TABLE_MASK)) << 8);
}

/** A new name takes over the low bits of the one it pushes out, or the first that nobody has. */
function moveToFront(table: usize, hash: u64): u32 {
  const names = load<u32>(table);
  const first = table + 8;
  let index: u32 = 0;
  let entry: u64 = 0;
  for (; index < names; index++) {
    entry = load<u64>(first + ((<usize>index) << 3));
    if ((entry ^ hash) <= TABLE_MASK) {
      memory.copy(first + 8, first, (<usize>index) << 3);
      store<u64>(first, entry);
      return index;
    }
  }
  if (names < NAMES_MAX) {
    store<u32>(table, names + 1);
    entry = names;
  }
  memory.copy(first + 8, first, (NAMES_MAX - 1) << 3);
  store<u64>(first, hash | (entry & TABLE_MASK));
  return NAMES_MAX;
}

/** FNV-1a (Fowler, Noll, Vo), 64 bit, without the low bits of the table's number. */
function hashOf(name: usize, byteCount: u32): u64 {
  let hash: u64 = 0xcbf29ce484222325;
  for (let index: usize = 0; index < byteCount; index++) {
    hash = (hash ^ load<u8>(name + index)) * 0x100000001b3;
  }
  return hash & ~TABLE_MASK;
}
