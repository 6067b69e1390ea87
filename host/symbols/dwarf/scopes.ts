/**
 * The functions of one unit: their address ranges, the calls that were inlined into them, and the
 * names that qualify theirs. One pass over the unit's entries finds the functions; what was inlined
 * into one is read when an address in it is first asked for.
 */
import { BrokenInput, type Cursor } from "../cursor.js";
import type { Budget } from "./budget.js";
import { QUALIFYING, Tag } from "./codes.js";
import type { Ranges } from "./ranges.js";
import { SpanList, SpanNest } from "./span-list.js";
import type { Entry, Unit } from "./unit.js";

/** A function, or a copy of one that was inlined. */
export interface Scope {
  readonly entry: Entry;
  /** What it was inlined into; undefined for a function of its own. */
  readonly parent: Scope | undefined;
  /** Where the function that it is in begins. */
  readonly functionBegin: number;
}

/** Where a function's entry and its code begin. */
interface FunctionStart {
  readonly offset: number;
  readonly address: number;
}

/** An entry that holds others and qualifies their names: offsets in `.debug_info`. */
interface Qualifier {
  readonly begin: number;
  until: number;
  readonly parent: number;
}

/** No entry is nested deeper in sound input. */
const DEPTH_MAX = 4096;

/** The functions of one unit. */
export class Scopes {
  private readonly functions = new SpanList<FunctionStart>();
  private readonly inlined = new Map<number, SpanNest<Scope>>();
  /** Ascending by `begin`. */
  private readonly qualifiers: Qualifier[] = [];

  /** Passes over all entries of the unit; throws `BrokenInput`. */
  constructor(
    private readonly unit: Unit,
    private readonly ranges: Ranges,
    private readonly budget: Budget,
  ) {
    this.scan();
    this.functions.sort();
  }

  /** The innermost scope at an address; undefined where no function of the unit is. */
  find(address: number): Scope | undefined {
    const start = this.functions.find(address);
    if (start === undefined) return undefined;
    const known = this.inlined.get(start.offset);
    const scopes = known ?? this.readInlined(start);
    if (known === undefined) this.inlined.set(start.offset, scopes);
    return scopes.find(address);
  }

  /** Every range of every function, for a unit that does not say where its code is. */
  visitFunctions(sink: (low: number, high: number) => void): void {
    this.functions.visit(sink);
  }

  /** Offsets of the entries around one, outermost first, that qualify its name. */
  qualifiersOf(offset: number): number[] {
    const found: number[] = [];
    let index = this.lastQualifier(offset);
    while (index >= 0) {
      const qualifier = this.qualifiers[index] as Qualifier;
      if (qualifier.begin < offset && offset < qualifier.until) found.unshift(qualifier.begin);
      index = qualifier.parent;
    }
    return found;
  }

  private scan(): void {
    const { unit } = this;
    const cursor = unit.cursorAt(unit.header.begin);
    // What each open entry is: an index in `qualifiers`, or that of the nearest one around it.
    const open: number[] = [];
    let around = -1;
    while (!cursor.isAtEnd) {
      const offset = cursor.at;
      const code = cursor.uleb();
      if (code === 0) {
        around = this.close(open, around, cursor.at);
        if (open.length === 0) return;
        continue;
      }
      const shape = unit.abbreviations.find(code);
      if (shape.tag === Tag.Subprogram) {
        this.addFunction(unit.readEntry(cursor, offset, shape));
      } else unit.skipEntry(cursor, shape);
      if (!shape.hasChildren) continue;
      open.push(around);
      if (open.length > DEPTH_MAX) return;
      if (!QUALIFYING.has(shape.tag)) continue;
      this.qualifiers.push({ begin: offset, until: Number.POSITIVE_INFINITY, parent: around });
      around = this.qualifiers.length - 1;
    }
  }

  /** Ends the innermost open entry; returns the qualifier that is around from here on. */
  private close(open: number[], around: number, until: number): number {
    const outer = open.pop() ?? -1;
    const ending = this.qualifiers[around];
    if (outer !== around && ending !== undefined) ending.until = until;
    return outer;
  }

  private addFunction(entry: Entry): void {
    const found: { readonly low: number; readonly high: number }[] = [];
    this.ranges.visit(this.unit, entry, this.budget, (low, high) => found.push({ low, high }));
    const address = found.reduce((least, { low }) => Math.min(least, low), Number.MAX_VALUE);
    const start: FunctionStart = { offset: entry.offset, address };
    for (const { low, high } of found) this.functions.add(low, high, start);
  }

  private lastQualifier(offset: number): number {
    let low = 0;
    let high = this.qualifiers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.qualifiers[middle] as Qualifier).begin < offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The function at `offset` and all that was inlined into it; what is broken is left out. */
  private readInlined({ offset, address }: FunctionStart): SpanNest<Scope> {
    const { unit } = this;
    const found = new SpanNest<Scope>();
    const cursor = unit.cursorAt(offset);
    const shape = unit.abbreviations.find(cursor.uleb());
    const entry = unit.readEntry(cursor, offset, shape);
    const scope: Scope = { entry, parent: undefined, functionBegin: address };
    try {
      this.addScope(found, scope);
      if (shape.hasChildren) this.readChildren(cursor, scope, found);
    } catch (error) {
      if (!(error instanceof BrokenInput)) throw error;
    }
    return found;
  }

  private addScope(found: SpanNest<Scope>, scope: Scope): void {
    this.ranges.visit(this.unit, scope.entry, this.budget, (low, high) =>
      found.add(low, high, scope),
    );
  }

  private readChildren(cursor: Cursor, outermost: Scope, found: SpanNest<Scope>): void {
    const { unit } = this;
    const open: (Scope | undefined)[] = [];
    let around: Scope | undefined = outermost;
    for (;;) {
      const offset = cursor.at;
      const code = cursor.uleb();
      if (code === 0) {
        if (open.length === 0) return;
        around = open.pop();
        continue;
      }
      const shape = unit.abbreviations.find(code);
      let inside = shape.tag === Tag.Subprogram ? undefined : around;
      if (shape.tag === Tag.InlinedSubroutine && around !== undefined) {
        const entry = unit.readEntry(cursor, offset, shape);
        inside = { entry, parent: around, functionBegin: around.functionBegin };
        this.addScope(found, inside);
      } else unit.skipEntry(cursor, shape);
      if (!shape.hasChildren) continue;
      open.push(around);
      if (open.length > DEPTH_MAX) return;
      around = inside;
    }
  }
}
