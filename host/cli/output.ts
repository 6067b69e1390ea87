/**
 * Where a command's result goes: standard output, or a file that is made once there is a result.
 */
import { closeSync, openSync, statSync } from "node:fs";
import { isatty } from "node:tty";
import { MonitorError } from "../errors.js";
import { escapeLines } from "../logs/escape.js";
import { writeAll } from "../wasi/streams.js";

const STANDARD_OUTPUT = 1;
/** Small writes are gathered up to this. */
const BUFFER_CHARACTERS = 1 << 16;

/** Written to in order; a file that exists is replaced by the first write. */
export class Output {
  #fd: number | undefined;
  #text = "";

  /** Standard output without a path, and for `-`. */
  constructor(private readonly path: string | undefined) {}

  /** Whether a person would see what is written. */
  get isTerminal(): boolean {
    return this.#isStandard && isatty(STANDARD_OUTPUT);
  }

  /** Throws OPTION_INVALID if this is the file at `path`: it would be gone before it is read. */
  forbid(path: string): void {
    if (this.#isStandard || !isSameFile(this.path ?? "", path)) return;
    throw new MonitorError("OPTION_INVALID", `-o ${this.path} is the trace itself`);
  }

  /** Adds to a buffer, which is written when it is full. */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= BUFFER_CHARACTERS) this.#flush();
  }

  /** Writes what is left, then `last`, and closes the file. */
  end(last: string | Uint8Array): void {
    if (typeof last === "string") this.#text += last;
    this.#flush();
    if (typeof last !== "string") writeAll(this.#descriptor(), last);
    if (!this.#isStandard) closeSync(this.#descriptor());
  }

  get #isStandard(): boolean {
    return this.path === undefined || this.path === "-";
  }

  #flush(): void {
    // Names in it are a guest's, which must not speak to a terminal.
    const bytes = Buffer.from(this.isTerminal ? escapeLines(this.#text) : this.#text);
    this.#text = "";
    writeAll(this.#descriptor(), bytes);
  }

  #descriptor(): number {
    this.#fd ??= this.#isStandard ? STANDARD_OUTPUT : openFile(this.path ?? "");
    return this.#fd;
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "its folder does not exist" : message;
    throw new MonitorError("OPTION_INVALID", `-o ${path}: ${reason}`, { cause });
  }
}

/** Whether two paths lead to one file that exists. */
export function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}
