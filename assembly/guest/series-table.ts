/**
 * Series by the message that names them: open addressing, FNV-1a, bytes compared in full.
 * A series that was asked for before costs no call to the monitor and no allocation.
 */
import { Message } from "./message";
import { Series } from "./source";

/** Entries that are kept; past it a series is asked for again each time. */
const ENTRIES_MAX: i32 = 10000;

@final
class Entry {
  constructor(
    readonly hash: u32,
    readonly key: StaticArray<u8>,
    readonly series: Series,
  ) {}

  matches(hash: u32, message: Message): bool {
    return (
      this.hash === hash &&
      <u32>this.key.length === message.byteCount &&
      memory.compare(changetype<usize>(this.key), message.address, message.byteCount) === 0
    );
  }
}

/** Grows to at most `ENTRIES_MAX` entries; forgets none. */
@final
export class SeriesTable {
  private slots: StaticArray<Entry | null> = new StaticArray<Entry | null>(8);
  private entryCount: i32 = 0;

  /** The series that was put for an equal message. */
  find(message: Message): Series | null {
    const hash = hashOf(message);
    let slot = this.firstSlot(hash);
    let entry = this.slots[slot];
    while (entry !== null) {
      if (entry.matches(hash, message)) return entry.series;
      slot = this.nextSlot(slot);
      entry = this.slots[slot];
    }
    return null;
  }

  /** Remembers the series of a message that `find` did not know; past the limit does nothing. */
  put(message: Message, series: Series): void {
    if (this.entryCount >= ENTRIES_MAX) return;
    if (this.entryCount * 2 >= this.slots.length) this.grow();
    const key = new StaticArray<u8>(message.byteCount);
    memory.copy(changetype<usize>(key), message.address, message.byteCount);
    this.insert(new Entry(hashOf(message), key, series));
    this.entryCount++;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new StaticArray<Entry | null>(old.length * 2);
    for (let i = 0; i < old.length; i++) {
      const entry = old[i];
      if (entry !== null) this.insert(entry);
    }
  }

  private insert(entry: Entry): void {
    let slot = this.firstSlot(entry.hash);
    while (this.slots[slot] !== null) slot = this.nextSlot(slot);
    this.slots[slot] = entry;
  }

  private firstSlot(hash: u32): i32 {
    return <i32>(hash & (<u32>this.slots.length - 1)); // the slot count is a power of two
  }

  private nextSlot(slot: i32): i32 {
    return (slot + 1) & (this.slots.length - 1);
  }
}

/** 32-bit FNV-1a (Fowler, Noll, Vo). */
function hashOf(message: Message): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i: u32 = 0; i < message.byteCount; i++) {
    hash = (hash ^ load<u8>(message.address + i)) * 0x01000193;
  }
  return hash ^ (hash >>> 15); // the low bits pick the slot
}
