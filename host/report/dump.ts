/**
 * A trace as text, a line an event, byte for byte as the reference's `dump_trace` prints it.
 *
 * Format: janestreet/memtrace `bin/dump_trace.ml`. Times are microseconds since the start.
 */
import type { Location } from "../symbols/location.js";
import type { CodeTable } from "../trace/code-table.js";
import type { Allocation, BlockEvent, TraceInfo, TraceVisitor } from "../trace/visitor.js";

const EVENTS = { minor: "alloc", major: "alloc_major", external: "alloc_ext" } as const;

/** Digits of times and ids, zeros in front. */
const DIGITS = 10;
/** OCaml's integers, in which the reference keeps codes. */
const OCAML_INT_BITS = 63;

/** Writes each event as a line, as soon as it is told. */
export class Dump implements TraceVisitor {
  #codes: CodeTable | undefined;
  /** Texts of codes, by number: the same few are printed again and again. */
  readonly #texts: string[] = [];

  /** `write` is given one line, its end included. */
  constructor(private readonly write: (line: string) => void) {}

  begin(_info: TraceInfo, codes: CodeTable): void {
    this.#codes = codes;
  }

  allocate(event: Allocation): void {
    const { samples, lengthWords, domain, sharedFrames, frames, frameCount } = event;
    let line =
      `${begin(event)} ${EVENTS[event.source]} ${samples} ` +
      `len=${lengthWords} dom=${domain} ${signed(sharedFrames)}:`;
    for (let index = 0; index < frameCount; index++) line += this.#text(frames[index] as number);
    this.write(`${line}\n`);
  }

  promote(event: BlockEvent): void {
    this.write(`${begin(event)} promote\n`);
  }

  collect(event: BlockEvent): void {
    this.write(`${begin(event)} collect\n`);
  }

  #text(code: number): string {
    const known = this.#texts[code];
    if (known !== undefined) return known;
    const text = this.#describe(code);
    this.#texts[code] = text;
    return text;
  }

  #describe(code: number): string {
    const locations = this.#codes?.locations(code) ?? [];
    if (locations.length > 0) return locations.map(describeLocation).join("");
    return ` $${BigInt.asIntN(OCAML_INT_BITS, this.#codes?.code(code) ?? 0n)}`;
  }
}

function begin({ timeUs, id }: BlockEvent): string {
  return `${padded(timeUs)} ${padded(id)}`;
}

/** `%010d`: a sign counts as a digit. */
function padded(value: number): string {
  if (value < 0) return `-${String(-value).padStart(DIGITS - 1, "0")}`;
  return String(value).padStart(DIGITS, "0");
}

/** `% 4d`: a space where a sign would be. */
function signed(value: number): string {
  return ` ${value}`.padStart(4);
}

function describeLocation({ definition, file, line, firstColumn, lastColumn }: Location): string {
  return ` ${definition}@${file}:${line}:${firstColumn}-${lastColumn}`;
}
