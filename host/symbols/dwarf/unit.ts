/**
 * A unit of `.debug_info` (DWARF 5, 7.5.1): its header, its first entry, and how the values of its
 * entries are resolved. Skeletons of split units are read for their lines; type units are not read.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import type { Abbreviation, Abbreviations } from "./abbreviations.js";
import { Form, Slot } from "./codes.js";
import type { DwarfSections } from "./sections.js";
import { type Encoding, readValue } from "./values.js";

/** One entry's attributes, in the places of `Slot`. */
export interface Entry {
  /** Where it begins in `.debug_info`. */
  readonly offset: number;
  readonly values: readonly number[];
  /** 0 where the attribute is missing. */
  readonly forms: readonly number[];
}

/** What the header of a unit says. */
export interface UnitHeader extends Encoding {
  readonly offset: number;
  /** Where the first entry begins. */
  readonly begin: number;
  readonly until: number;
  readonly abbreviationsOffset: number;
  /** True for a unit that describes a type and no code. */
  readonly isType: boolean;
}

/** A unit, its bases known. */
export class Unit implements Encoding {
  readonly version: number;
  readonly offsetBytes: number;
  readonly addressBytes: number;
  readonly root: Entry;
  /** What offsets in `.debug_ranges` and `.debug_rnglists` are relative to at first. */
  readonly lowPc: number;

  /** Reads the first entry; throws `BrokenInput`. */
  constructor(
    readonly header: UnitHeader,
    private readonly sections: DwarfSections,
    readonly abbreviations: Abbreviations,
  ) {
    this.version = header.version;
    this.offsetBytes = header.offsetBytes;
    this.addressBytes = header.addressBytes;
    const cursor = this.cursorAt(header.begin);
    this.root = this.readEntry(cursor, header.begin, abbreviations.find(cursor.uleb()));
    this.lowPc = this.address(this.root, Slot.LowPc) ?? 0;
  }

  /** Reads entries from this offset of `.debug_info` to the end of the unit. */
  cursorAt(offset: number): Cursor {
    if (!this.holds(offset)) throw new BrokenInput("an entry outside its unit");
    return new Cursor(this.sections.info, offset, this.header.until);
  }

  holds(offset: number): boolean {
    return offset >= this.header.begin && offset < this.header.until;
  }

  /** Passes an entry's attributes; the cursor is behind its code. */
  skipEntry(cursor: Cursor, shape: Abbreviation): void {
    if (shape.byteCount !== undefined) {
      cursor.skip(shape.byteCount);
      return;
    }
    for (const form of shape.forms) readValue(cursor, form, this, 0);
  }

  /** Reads an entry's attributes; the cursor is behind its code. */
  readEntry(cursor: Cursor, offset: number, shape: Abbreviation): Entry {
    const values: number[] = new Array(Slot.Count).fill(0);
    const forms: number[] = new Array(Slot.Count).fill(0);
    for (let each = 0; each < shape.forms.length; each++) {
      const form = shape.forms[each] as number;
      const slot = shape.slots[each] as Slot;
      const value = readValue(cursor, form, this, shape.implicits[each] as number);
      if (slot === Slot.Count) continue;
      values[slot] = value;
      forms[slot] = form;
    }
    return { offset, values, forms };
  }

  /** A plain number: a line, a column, an offset. */
  number(entry: Entry, slot: Slot): number | undefined {
    return entry.forms[slot] === 0 ? undefined : entry.values[slot];
  }

  /** A string; undefined where it is missing, or in another file. */
  string(entry: Entry, slot: Slot): string | undefined {
    const form = entry.forms[slot] as number;
    const value = entry.values[slot] as number;
    return form === 0 ? undefined : this.stringOfForm(form, value);
  }

  /** An address; undefined where it is missing. */
  address(entry: Entry, slot: Slot): number | undefined {
    const form = entry.forms[slot] as number;
    const value = entry.values[slot] as number;
    if (form === 0) return undefined;
    return isAddressIndex(form) ? this.addressAt(value) : value;
  }

  /** True if the entry's high end is a byte count instead of an address. */
  isRelative(entry: Entry, slot: Slot): boolean {
    const form = entry.forms[slot] as number;
    return form !== Form.Address && !isAddressIndex(form);
  }

  /** The entry that an attribute refers to, as an offset in `.debug_info`. */
  reference(entry: Entry, slot: Slot): number | undefined {
    const form = entry.forms[slot] as number;
    const value = entry.values[slot] as number;
    if (form === Form.ReferenceAddress) return value;
    const isLocal = form >= Form.Reference1 && form <= Form.ReferenceUnsigned;
    return isLocal ? this.header.offset + value : undefined;
  }

  /** The address with this index in the unit's part of `.debug_addr`. */
  addressAt(index: number): number {
    const base = this.number(this.root, Slot.AddressBase) ?? this.headerBytes;
    const cursor = new Cursor(this.sections.addr, base + index * this.addressBytes);
    return cursor.unsigned(this.addressBytes);
  }

  private stringOfForm(form: number, value: number): string | undefined {
    switch (form) {
      case Form.String:
        return new Cursor(this.sections.info, value).cstring();
      case Form.StringPointer:
        return new Cursor(this.sections.str, value).cstring();
      case Form.LineStringPointer:
        return new Cursor(this.sections.lineStr, value).cstring();
      case Form.StringIndex:
      case Form.StringIndex1:
      case Form.StringIndex2:
      case Form.StringIndex3:
      case Form.StringIndex4:
        return this.stringAt(value);
      default:
        return undefined;
    }
  }

  private stringAt(index: number): string {
    const base = this.number(this.root, Slot.StringOffsetsBase) ?? this.headerBytes;
    const offsets = new Cursor(this.sections.strOffsets, base + index * this.offsetBytes);
    return new Cursor(this.sections.str, offsets.unsigned(this.offsetBytes)).cstring();
  }

  /** Of a section of tables: where its first table begins when nothing says so. */
  private get headerBytes(): number {
    return this.offsetBytes === 8 ? 16 : 8;
  }
}

/** Reads the header of the unit at the cursor and moves it to the next unit. */
export function readUnitHeader(cursor: Cursor): UnitHeader {
  const offset = cursor.at;
  const { until, offsetBytes } = readInitialLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw new BrokenInput(`DWARF version ${version}`);
  const type = version >= 5 ? cursor.u8() : UNIT_COMPILE;
  const early = version >= 5 ? cursor.u8() : 0;
  const abbreviationsOffset = cursor.unsigned(offsetBytes);
  const addressBytes = version >= 5 ? early : cursor.u8();
  if (addressBytes !== 4 && addressBytes !== 8) throw new BrokenInput("size of addresses");
  const isType = type === UNIT_TYPE || type === UNIT_SPLIT_TYPE;
  if (type === UNIT_SKELETON || type === UNIT_SPLIT_COMPILE) cursor.skip(8);
  const begin = cursor.at;
  cursor.at = until;
  const encoding = { version, offsetBytes, addressBytes };
  return { ...encoding, offset, begin, until, abbreviationsOffset, isType };
}

const UNIT_COMPILE = 1;
const UNIT_TYPE = 2;
const UNIT_SKELETON = 4;
const UNIT_SPLIT_COMPILE = 5;
const UNIT_SPLIT_TYPE = 6;

/** A length, which in the 64-bit format follows 0xffffffff (DWARF 5, 7.4). */
export function readInitialLength(cursor: Cursor): { until: number; offsetBytes: number } {
  let byteCount = cursor.u32();
  const offsetBytes = byteCount === 0xffff_ffff ? 8 : 4;
  if (offsetBytes === 8) byteCount = cursor.u64();
  const until = cursor.at + byteCount;
  if (until > cursor.until) throw new BrokenInput("a unit beyond its section");
  return { until, offsetBytes };
}

function isAddressIndex(form: number): boolean {
  return (
    form === Form.AddressIndex ||
    form === Form.GnuAddressIndex ||
    (form >= Form.AddressIndex1 && form <= Form.AddressIndex4)
  );
}
