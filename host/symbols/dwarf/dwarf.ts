/**
 * Lines and inlined functions of a module's code by its DWARF. Addresses are offsets within the
 * contents of the code section (tool-conventions, Debugging.md). Opening reads nothing; the first
 * question reads the first entry of each unit to learn which code is whose, and each unit's line
 * table and functions are read when code of it is first asked for.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import { Abbreviations } from "./abbreviations.js";
import { Budget } from "./budget.js";
import { Slot } from "./codes.js";
import { LineTable, type Place } from "./lines.js";
import { Ranges } from "./ranges.js";
import { type Scope, Scopes } from "./scopes.js";
import type { DwarfSections } from "./sections.js";
import { SpanList } from "./span-list.js";
import { readUnitHeader, Unit, type UnitHeader } from "./unit.js";

/** One function on the stack that a call instruction stands for. */
export interface DwarfFrame {
  /** Undefined where the debug information does not say. */
  readonly file: string | undefined;
  /** From 1; 0 where the compiler says that there is none. */
  readonly line: number;
  readonly column: number;
  /** Mangled where `isMangled`, else qualified; undefined where no function has this code. */
  readonly name: string | undefined;
  readonly isMangled: boolean;
}

/** A unit with what has been read of it; null for what is broken. */
interface KnownUnit {
  readonly unit: Unit;
  scopes?: Scopes | null;
}

/** How far a function may begin from where its body does: a linker may count the body's size in. */
const BEGIN_DIFFERENCE_MAX = 16;

/** Units that are read: each is kept, and costs ten microseconds; large programs have 30,000. */
const UNITS_MAX = 1 << 17;

/** How often one name may refer to another. */
const REFERENCES_MAX = 16;

/** The DWARF of one module. */
export class Dwarf {
  private readonly ranges: Ranges;
  private readonly headers: UnitHeader[] = [];
  private readonly units = new Map<number, KnownUnit>();
  private readonly abbreviations = new Map<string, Abbreviations>();
  private readonly tables = new Map<number, LineTable | null>();
  private index: SpanList<KnownUnit> | undefined;
  private readonly budget: Budget;

  constructor(
    private readonly sections: DwarfSections,
    private readonly note: (problem: string) => void,
  ) {
    this.ranges = new Ranges(sections);
    this.budget = new Budget(this.listBytes + 4 * sections.abbrev.length + sections.info.length);
  }

  /**
   * The frames at an address, innermost first; empty where nothing is known, or where the function
   * in the debug information is another than the one whose body begins at `functionBegin`: a tool
   * has changed the code alone. Never throws.
   */
  locate(address: number, functionBegin: number): DwarfFrame[] {
    this.index ??= this.readIndex();
    const known = this.index.find(address);
    if (known === undefined) return [];
    return this.attempt("an entry", () => this.framesOf(known, address, functionBegin)) ?? [];
  }

  private get listBytes(): number {
    return this.sections.ranges.length + this.sections.rnglists.length;
  }

  private framesOf(known: KnownUnit, address: number, functionBegin: number): DwarfFrame[] {
    const { unit } = known;
    let scope = this.scopesOf(known)?.find(address);
    if (scope && Math.abs(scope.functionBegin - functionBegin) > BEGIN_DIFFERENCE_MAX) {
      this.note("DWARF: functions are not where it says: a tool has changed the code alone");
      return [];
    }
    const table = this.tableOf(unit);
    const place = table && this.attempt("a line table", () => table.find(address));
    if (scope === undefined) {
      return place ? [{ ...describe(table, place), name: undefined, isMangled: false }] : [];
    }
    const frames: DwarfFrame[] = [];
    for (let at: Place | undefined = place; scope !== undefined; scope = scope.parent) {
      frames.push({ ...describe(table, at), ...this.nameOf(unit, scope.entry.offset) });
      at = placeOfCall(unit, scope);
    }
    return frames;
  }

  /** Reads which unit has which code. */
  private readIndex(): SpanList<KnownUnit> {
    const index = new SpanList<KnownUnit>();
    this.attempt(".debug_info", () => this.readHeaders());
    for (const header of this.headers) {
      this.attempt(`the unit at ${header.offset}`, () => this.addUnit(index, header));
    }
    index.sort();
    return index;
  }

  private readHeaders(): void {
    const cursor = new Cursor(this.sections.info);
    while (!cursor.isAtEnd) {
      if (this.headers.length === UNITS_MAX) throw new BrokenInput(`over ${UNITS_MAX} units`);
      this.headers.push(readUnitHeader(cursor));
    }
  }

  private addUnit(index: SpanList<KnownUnit>, header: UnitHeader): void {
    if (header.isType) return;
    const known: KnownUnit = { unit: this.openUnit(header) };
    this.units.set(header.offset, known);
    const { unit } = known;
    const add = (low: number, high: number) => index.add(low, high, known);
    const saysWhere = this.ranges.visit(unit, unit.root, this.budget, add);
    if (!saysWhere) this.scopesOf(known)?.visitFunctions(add);
  }

  private openUnit(header: UnitHeader): Unit {
    const { abbreviationsOffset, version, offsetBytes, addressBytes } = header;
    const key = [abbreviationsOffset, version, offsetBytes, addressBytes].join();
    let shapes = this.abbreviations.get(key);
    if (shapes === undefined) {
      const { abbrev } = this.sections;
      shapes = new Abbreviations(abbrev, abbreviationsOffset, header, this.budget);
      this.abbreviations.set(key, shapes);
    }
    return new Unit(header, this.sections, shapes);
  }

  private scopesOf(known: KnownUnit): Scopes | undefined {
    if (known.scopes === undefined) {
      const { header } = known.unit;
      const budget = new Budget(this.listBytes + header.until - header.offset);
      const read = () => new Scopes(known.unit, this.ranges, budget);
      known.scopes = this.attempt(`the unit at ${header.offset}`, read) ?? null;
    }
    return known.scopes ?? undefined;
  }

  private tableOf(unit: Unit): LineTable | undefined {
    const offset = unit.number(unit.root, Slot.StatementList);
    if (offset === undefined) return undefined;
    let table = this.tables.get(offset);
    if (table === undefined) {
      table =
        this.attempt(`the line table at ${offset}`, () => this.openTable(unit, offset)) ?? null;
      this.tables.set(offset, table);
    }
    return table ?? undefined;
  }

  private openTable(unit: Unit, offset: number): LineTable {
    const folder = unit.string(unit.root, Slot.CompilationFolder) ?? "";
    const table = new LineTable(this.sections, offset, unit.addressBytes, folder);
    if (table.problem) this.note(`the line table at ${offset}: ${table.problem}`);
    return table;
  }

  /** The name of the function that an entry describes, or refers to. */
  private nameOf(unit: Unit, offset: number): Pick<DwarfFrame, "name" | "isMangled"> {
    let found: { readonly name: string; readonly unit: Unit; readonly offset: number } | undefined;
    let [here, at]: [Unit | undefined, number | undefined] = [unit, offset];
    for (let left = REFERENCES_MAX; here && at !== undefined && left > 0; left--) {
      const cursor = here.cursorAt(at);
      const entry = here.readEntry(cursor, at, here.abbreviations.find(cursor.uleb()));
      const mangled = here.string(entry, Slot.LinkageName);
      if (mangled) return { name: mangled, isMangled: true };
      const name = here.string(entry, Slot.Name);
      // The last to have the name is the declaration, inside the class that it is a member of.
      if (name) found = { name, unit: here, offset: at };
      const origin = here.reference(entry, Slot.AbstractOrigin);
      at = origin ?? here.reference(entry, Slot.Specification);
      if (at !== undefined && !here.holds(at)) here = this.unitAt(at)?.unit;
    }
    if (found === undefined) return { name: undefined, isMangled: false };
    return { name: this.qualify(found.unit, found.offset, found.name), isMangled: false };
  }

  private qualify(unit: Unit, offset: number, name: string): string {
    const known = this.units.get(unit.header.offset);
    const qualifiers = (known && this.scopesOf(known)?.qualifiersOf(offset)) ?? [];
    const names = qualifiers.map((at) => {
      const cursor = unit.cursorAt(at);
      const entry = unit.readEntry(cursor, at, unit.abbreviations.find(cursor.uleb()));
      return unit.string(entry, Slot.Name) ?? "(anonymous)";
    });
    return [...names, name].join("::");
  }

  /** The unit that holds an offset of `.debug_info`. */
  private unitAt(offset: number): KnownUnit | undefined {
    const header = this.headers.findLast((each) => each.offset <= offset);
    return header && this.units.get(header.offset);
  }

  /** What `read` returns; undefined, and a note, if the input is broken. */
  private attempt<Result>(what: string, read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      const reason = error instanceof BrokenInput ? error.message : String(error);
      this.note(`DWARF: ${what} is broken: ${reason}`);
      return undefined;
    }
  }
}

/** Where a scope was called, if it was inlined. */
function placeOfCall(unit: Unit, { entry, parent }: Scope): Place | undefined {
  if (parent === undefined) return undefined;
  return {
    fileIndex: unit.number(entry, Slot.CallFile) ?? 0,
    line: unit.number(entry, Slot.CallLine) ?? 0,
    column: unit.number(entry, Slot.CallColumn) ?? 0,
  };
}

function describe(
  table: LineTable | undefined,
  place: Place | undefined,
): Pick<DwarfFrame, "file" | "line" | "column"> {
  if (place === undefined) return { file: undefined, line: 0, column: 0 };
  return { file: table?.path(place.fileIndex), line: place.line, column: place.column };
}
