/**
 * Frames of backtraces as other tools know them: functions, or lines of functions, each once.
 */
import type { Location } from "../symbols/location.js";
import type { CodeTable } from "../trace/code-table.js";

/** What stands for a file that is not known. */
const UNKNOWN_FILE = "<unknown>";

/** A function, or a line of one. */
export interface Frame {
  readonly name: string;
  /** Empty where unknown. */
  readonly file: string;
  /** 0 where unknown, or where frames are functions. */
  readonly line: number;
}

/** What the locations of a code say, outermost function first; one frame at least. */
export function framesOf(codes: CodeTable, code: number): readonly Frame[] {
  const locations = codes.locations(code);
  if (locations.length > 0) return locations.map(frameOf);
  return [{ name: codeName(codes.code(code)), file: "", line: 0 }];
}

/** Name of a code that the trace says nothing about. */
function codeName(code: bigint): string {
  return `0x${BigInt.asUintN(64, code).toString(16)}`;
}

function frameOf({ definition, file, line }: Location): Frame {
  return file === UNKNOWN_FILE
    ? { name: definition, file: "", line: 0 }
    : { name: definition, file, line };
}

/** Name of the frame that stands for a backtrace without any. */
export const NO_BACKTRACE: Frame = { name: "(no backtrace)", file: "", line: 0 };

/** Numbers frames in the order of first use. */
export class FrameTable {
  readonly frames: Frame[] = [];
  readonly #numbers = new Map<string, number>();
  /** Numbers of the frames of each code. */
  readonly #byCode: number[][] = [];

  /** With `hasLines` two lines of a function are two frames. */
  constructor(
    private readonly codes: CodeTable,
    private readonly hasLines: boolean,
  ) {}

  /** Numbers of the frames of a backtrace, entry point first; at least one. */
  numbers(backtrace: readonly number[]): number[] {
    if (backtrace.length === 0) return [this.#number(NO_BACKTRACE)];
    return backtrace.flatMap((code) => this.#ofCode(code));
  }

  #ofCode(code: number): number[] {
    const known = this.#byCode[code];
    if (known) return known;
    const numbers = framesOf(this.codes, code).map((frame) => this.#number(frame));
    this.#byCode[code] = numbers;
    return numbers;
  }

  #number(frame: Frame): number {
    const line = this.hasLines ? frame.line : 0;
    // Lengths never lie: a name may hold any separator.
    const key = `${frame.file.length} ${line} ${frame.file}${frame.name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.frames.push({ ...frame, line }) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}
