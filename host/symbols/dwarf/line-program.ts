/**
 * The program of a line table (DWARF 5, 6.2.5): a small machine whose registers make rows. Flags of
 * a row (statement, block, prologue) and operation indices of VLIW machines are not kept.
 */
import type { Cursor } from "../cursor.js";
import type { LineHeader } from "./line-header.js";

/** Told of the rows that a program makes; returns true to stop it. */
export interface RowSink {
  /** False while rows are of no interest. */
  readonly wantsRows: boolean;
  row(address: number, fileIndex: number, line: number, column: number): boolean;
  /** A sequence ends: `address` is the first that is not its own, `at` is behind its program. */
  end(address: number, at: number): boolean;
}

enum Standard {
  Extended,
  Copy,
  AdvancePc,
  AdvanceLine,
  SetFile,
  SetColumn,
  NegateStatement,
  SetBasicBlock,
  ConstAddPc,
  FixedAdvancePc,
}

enum Extended {
  EndSequence = 1,
  SetAddress = 2,
}

/** One run, from where the cursor stands: the beginning of a sequence. */
export class LineProgram {
  private address = 0;
  private fileIndex = 1;
  private line = 1;
  private column = 0;

  constructor(
    private readonly cursor: Cursor,
    private readonly header: LineHeader,
  ) {}

  /** Runs until the program's end or until the sink has enough; throws `BrokenInput`. */
  run(sink: RowSink): void {
    const { cursor } = this;
    while (!cursor.isAtEnd) {
      if (this.runSpecial(sink)) return;
      if (cursor.isAtEnd) return;
      const code = cursor.u8();
      if (code === Standard.Copy) {
        if (this.emit(sink)) return;
      } else if (code === Standard.Extended) {
        if (this.extend(sink)) return;
      } else this.step(code);
    }
  }

  /** Runs special operations, which are most of a program, as long as they follow each other. */
  private runSpecial(sink: RowSink): boolean {
    const { cursor } = this;
    const { bytes, until } = cursor;
    const { opcodeBase, advances, lines } = this.header;
    for (let at = cursor.at; ; at++) {
      const code = at < until ? (bytes[at] as number) : -1;
      if (code < opcodeBase) {
        cursor.at = at;
        return false;
      }
      this.address += advances[code] as number;
      this.line += lines[code] as number;
      if (sink.wantsRows && this.emit(sink)) return true;
    }
  }

  private emit(sink: RowSink): boolean {
    return sink.row(this.address, this.fileIndex, this.line, this.column);
  }

  private step(code: number): void {
    const { cursor, header } = this;
    switch (code) {
      case Standard.AdvancePc:
        this.address += cursor.uleb() * header.instructionBytesMin;
        break;
      case Standard.AdvanceLine:
        this.line += cursor.sleb();
        break;
      case Standard.SetFile:
        this.fileIndex = cursor.uleb();
        break;
      case Standard.SetColumn:
        this.column = cursor.uleb();
        break;
      case Standard.ConstAddPc:
        this.address += header.advances[255] as number;
        break;
      case Standard.FixedAdvancePc:
        this.address += cursor.u16();
        break;
      default:
        for (let left = header.operandCounts[code - 1] ?? 0; left > 0; left--) cursor.uleb();
    }
  }

  private extend(sink: RowSink): boolean {
    const { cursor } = this;
    const byteCount = cursor.uleb();
    if (byteCount === 0) return false;
    const until = cursor.at + byteCount;
    const code = cursor.u8();
    if (code === Extended.SetAddress) this.address = cursor.unsigned(byteCount - 1);
    cursor.skip(until - cursor.at);
    return code === Extended.EndSequence && this.endSequence(sink);
  }

  private endSequence(sink: RowSink): boolean {
    const { address } = this;
    this.address = 0;
    this.fileIndex = 1;
    this.line = 1;
    this.column = 0;
    return sink.end(address, this.cursor.at);
  }
}
