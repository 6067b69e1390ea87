/**
 * A bound on work. Parts of debug information may be shared, so broken or hostile input can make a
 * reader pass the same bytes again and again; sound input never comes near the bound.
 */
import { BrokenInput } from "../cursor.js";

/** How much may still be read; counted in bytes or list entries. */
export class Budget {
  constructor(private left: number) {}

  /** Throws `BrokenInput` when the bound is passed. */
  spend(count: number): void {
    this.left -= count;
    if (this.left < 0) throw new BrokenInput("parts are shared without end");
  }
}
