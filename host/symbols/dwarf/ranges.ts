/**
 * The address ranges of entries: a pair of attributes, a list of `.debug_ranges` (DWARF 4, 2.17.3)
 * or of `.debug_rnglists` (DWARF 5, 2.17.3). Ranges of functions that the linker dropped are left
 * out: it writes 0, -1 or -2 for their address (lld's tombstones).
 */
import { BrokenInput, Cursor } from "../cursor.js";
import type { Budget } from "./budget.js";
import { Form, Slot } from "./codes.js";
import type { DwarfSections } from "./sections.js";
import type { Entry, Unit } from "./unit.js";

/** Told of each range: `high` is exclusive and above `low`. */
export type RangeSink = (low: number, high: number) => void;

/** Reads ranges of entries of any unit. */
export class Ranges {
  constructor(private readonly sections: DwarfSections) {}

  /** Tells `sink` each live range of an entry; false if the entry has no ranges at all. */
  visit(unit: Unit, entry: Entry, budget: Budget, sink: RangeSink): boolean {
    const live: RangeSink = (low, high) => {
      budget.spend(1);
      // binaryen leaves ranges without an end where it lost track: they reach to 2^32.
      const isKnown = isLive(low, unit.addressBytes) && isLive(high, unit.addressBytes);
      if (isKnown && high > low) sink(low, high);
    };
    if (entry.forms[Slot.Ranges] !== 0) this.visitList(unit, entry, budget, live);
    else if (!visitPair(unit, entry, live)) return false;
    return true;
  }

  private visitList(unit: Unit, entry: Entry, budget: Budget, sink: RangeSink): void {
    const value = entry.values[Slot.Ranges] as number;
    if (unit.version < 5) visitOld(unit, new Cursor(this.sections.ranges, value), budget, sink);
    else visitNew(unit, this.listAt(unit, entry, value), budget, sink);
  }

  private listAt(unit: Unit, entry: Entry, value: number): Cursor {
    const { rnglists } = this.sections;
    if (entry.forms[Slot.Ranges] !== Form.RangeListIndex) return new Cursor(rnglists, value);
    const headerBytes = unit.offsetBytes === 8 ? 20 : 12;
    const base = unit.number(unit.root, Slot.RangeListsBase) ?? headerBytes;
    const offset = new Cursor(rnglists, base + value * unit.offsetBytes);
    return new Cursor(rnglists, base + offset.unsigned(unit.offsetBytes));
  }
}

/** True unless an address is what linkers write for code that they left out. */
export function isLive(address: number, addressBytes: number): boolean {
  return address > 0 && address < (addressBytes === 8 ? 2 ** 53 : 0xffff_fffe);
}

function visitPair(unit: Unit, entry: Entry, sink: RangeSink): boolean {
  const low = unit.address(entry, Slot.LowPc);
  const high = unit.address(entry, Slot.HighPc);
  if (low === undefined || high === undefined) return false;
  sink(low, unit.isRelative(entry, Slot.HighPc) ? low + high : high);
  return true;
}

/** Pairs relative to a base; the greatest address makes the next one the base. */
function visitOld(unit: Unit, cursor: Cursor, budget: Budget, sink: RangeSink): void {
  const { addressBytes } = unit;
  const baseMark = addressBytes === 8 ? 2 ** 64 : 0xffff_ffff;
  let base = unit.lowPc;
  for (;;) {
    const low = cursor.unsigned(addressBytes);
    const high = cursor.unsigned(addressBytes);
    if (low === 0 && high === 0) return;
    budget.spend(1);
    if (low === baseMark) base = high;
    else if (isLive(low, addressBytes) || low === 0) sink(base + low, base + high);
  }
}

enum RangeEntry {
  EndOfList,
  BaseIndex,
  StartIndexEndIndex,
  StartIndexLength,
  OffsetPair,
  Base,
  StartEnd,
  StartLength,
}

function visitNew(unit: Unit, cursor: Cursor, budget: Budget, sink: RangeSink): void {
  let base = unit.lowPc;
  for (;;) {
    const kind = cursor.u8();
    if (kind === RangeEntry.EndOfList) return;
    budget.spend(1);
    if (kind === RangeEntry.BaseIndex) base = unit.addressAt(cursor.uleb());
    else if (kind === RangeEntry.Base) base = cursor.unsigned(unit.addressBytes);
    else sink(...readPair(unit, cursor, kind, base));
  }
}

/** Low and high address of an entry that is a range. */
function readPair(unit: Unit, cursor: Cursor, kind: number, base: number): [number, number] {
  const indexed = () => unit.addressAt(cursor.uleb());
  const address = () => cursor.unsigned(unit.addressBytes);
  const following = (low: number): [number, number] => [low, low + cursor.uleb()];
  switch (kind) {
    case RangeEntry.StartIndexEndIndex:
      return [indexed(), indexed()];
    case RangeEntry.StartIndexLength:
      return following(indexed());
    case RangeEntry.OffsetPair: {
      const isDead = base !== 0 && !isLive(base, unit.addressBytes);
      const pair: [number, number] = [base + cursor.uleb(), base + cursor.uleb()];
      return isDead ? [0, 0] : pair;
    }
    case RangeEntry.StartEnd:
      return [address(), address()];
    case RangeEntry.StartLength:
      return following(address());
    default:
      throw new BrokenInput(`range list entry ${kind}`);
  }
}
