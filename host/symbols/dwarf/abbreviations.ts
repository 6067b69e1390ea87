/**
 * The shapes that entries of `.debug_info` have (DWARF 5, 7.5.3), from `.debug_abbrev`. Read as far
 * as they are asked for: of most units only the first entry is ever wanted.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import type { Budget } from "./budget.js";
import { Form, SLOTS, Slot } from "./codes.js";
import { bytesOfForm, type Encoding } from "./values.js";

/** One shape. The arrays run in parallel, an element an attribute. */
export interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly forms: readonly number[];
  /** Where the value goes; `Slot.Count` for what is not kept. */
  readonly slots: readonly Slot[];
  readonly implicits: readonly number[];
  /** Bytes of all values; undefined when they vary. */
  readonly byteCount: number | undefined;
}

/** The shapes of one unit, or of several that share them. */
export class Abbreviations {
  private readonly byCode = new Map<number, Abbreviation>();
  private readonly cursor: Cursor;
  private isComplete = false;

  constructor(
    section: Uint8Array,
    offset: number,
    private readonly encoding: Encoding,
    private readonly budget: Budget,
  ) {
    this.cursor = new Cursor(section, offset);
  }

  /** The shape with this code; throws where there is none. */
  find(code: number): Abbreviation {
    const known = this.byCode.get(code);
    if (known !== undefined) return known;
    while (!this.isComplete) {
      const next = this.cursor.uleb();
      if (next === 0) this.isComplete = true;
      else if (this.add(next) === code) return this.find(code);
    }
    throw new BrokenInput(`no abbreviation ${code}`);
  }

  private add(code: number): number {
    const begin = this.cursor.at;
    const shape = this.read();
    this.budget.spend(this.cursor.at - begin);
    if (!this.byCode.has(code)) this.byCode.set(code, shape);
    return code;
  }

  private read(): Abbreviation {
    const { cursor } = this;
    const tag = cursor.uleb();
    const hasChildren = cursor.u8() !== 0;
    const forms: number[] = [];
    const slots: Slot[] = [];
    const implicits: number[] = [];
    let byteCount: number | undefined = 0;
    for (;;) {
      const attribute = cursor.uleb();
      const form = cursor.uleb();
      if (attribute === 0 && form === 0) break;
      forms.push(form);
      slots.push(SLOTS.get(attribute) ?? Slot.Count);
      implicits.push(form === Form.ImplicitConstant ? cursor.sleb() : 0);
      const more = bytesOfForm(form, this.encoding);
      byteCount = more === undefined || byteCount === undefined ? undefined : byteCount + more;
    }
    return { tag, hasChildren, forms, slots, implicits, byteCount };
  }
}
