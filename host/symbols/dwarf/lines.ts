/**
 * A line table (DWARF 5, 6.2): which line the code at an address comes from. The program is run
 * once to learn where its sequences (a function each) lie, then only the one that is asked for.
 */
import { BrokenInput, Cursor } from "../cursor.js";
import { findPath, type LineHeader, readLineHeader } from "./line-header.js";
import { LineProgram, type RowSink } from "./line-program.js";
import { isLive } from "./ranges.js";
import type { DwarfSections } from "./sections.js";
import { SpanList } from "./span-list.js";

/** A place in a file; 0 where the table says that there is none. */
export interface Place {
  readonly fileIndex: number;
  readonly line: number;
  readonly column: number;
}

/** The line table of one unit, or of several that share it. */
export class LineTable {
  private readonly header: LineHeader;
  /** Where the program of each sequence begins in `.debug_line`. */
  private readonly sequences: SpanList<number>;
  /** What ended the program early, if anything did. */
  readonly problem: string | undefined;

  /** Reads the table at `offset` of `.debug_line`; throws `BrokenInput` if its header is broken. */
  constructor(
    private readonly sections: DwarfSections,
    offset: number,
    unitAddressBytes: number,
    private readonly compilationFolder: string,
  ) {
    this.header = readLineHeader(new Cursor(sections.line, offset), unitAddressBytes);
    const scan = new Scan(this.header);
    try {
      this.run(this.header.begin, scan);
    } catch (error) {
      if (!(error instanceof BrokenInput)) throw error;
      this.problem = error.message;
    }
    scan.found.sort();
    this.sequences = scan.found;
  }

  /** The place of the code at an address; undefined where no sequence holds it. */
  find(address: number): Place | undefined {
    const at = this.sequences.find(address);
    if (at === undefined) return undefined;
    const search = new Search(address);
    this.run(at, search);
    return search.found;
  }

  /** The path of a file by its index in this table. */
  path(fileIndex: number): string | undefined {
    return findPath(this.sections, this.header, fileIndex, this.compilationFolder);
  }

  private run(at: number, sink: RowSink): void {
    new LineProgram(new Cursor(this.sections.line, at, this.header.until), this.header).run(sink);
  }
}

/** Collects the sequences of a program. */
class Scan implements RowSink {
  readonly found = new SpanList<number>();
  wantsRows = true;
  private low = -1;
  private at: number;

  constructor(private readonly header: LineHeader) {
    this.at = header.begin;
  }

  row(address: number): boolean {
    if (this.low < 0) this.low = address;
    this.wantsRows = false;
    return false;
  }

  end(address: number, until: number): boolean {
    const { low, at } = this;
    if (isLive(low, this.header.addressBytes) && address > low) {
      this.found.add(low, address, at);
    }
    this.low = -1;
    this.wantsRows = true;
    this.at = until;
    return false;
  }
}

/** Finds the last row that is not beyond an address, in a program that starts at its sequence. */
class Search implements RowSink {
  readonly wantsRows = true;
  found: Place | undefined;
  private address = -1;

  constructor(private readonly target: number) {}

  row(address: number, fileIndex: number, line: number, column: number): boolean {
    if (address > this.target) return true;
    if (address >= this.address) this.found = { fileIndex, line, column };
    this.address = address;
    return false;
  }

  end(): boolean {
    return true;
  }
}
