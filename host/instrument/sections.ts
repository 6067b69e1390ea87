/**
 * The section ids of a wasm module and the order in which they must stand (core specification
 * 2.0, §5.5; the tag section of the exception-handling proposal), and the split of a module into
 * sections.
 */
import { MonitorError } from "../errors.js";
import { Reader } from "./reader.js";

export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  functions: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** Ids of all but custom sections, first to last. */
export const SECTION_ORDER: readonly number[] = [
  SECTION.type,
  SECTION.import,
  SECTION.functions,
  SECTION.table,
  SECTION.memory,
  SECTION.tag,
  SECTION.global,
  SECTION.export,
  SECTION.start,
  SECTION.element,
  SECTION.dataCount,
  SECTION.code,
  SECTION.data,
];

/** Bytes of the magic number and the version. */
export const HEADER_BYTES = 8;

/** One section; offsets are bytes in the module. */
export interface Section {
  readonly id: number;
  /** Of a custom section; otherwise empty. */
  readonly name: string;
  /** Where its id stands. */
  readonly begin: number;
  /** Behind its size, and behind its name if it has one. */
  readonly content: number;
  readonly until: number;
}

/** Splits a module; throws `GUEST_INVALID` for what is no core module or is cut off. */
export function readSections(bytes: Uint8Array): Section[] {
  checkHeader(bytes);
  const sections: Section[] = [];
  const reader = new Reader(bytes, HEADER_BYTES);
  let rank = -1;
  while (!reader.isDone) {
    const section = readSection(reader);
    if (section.id !== SECTION.custom) {
      const next = SECTION_ORDER.indexOf(section.id);
      if (next <= rank) reader.fail(`section ${section.id} is unknown or out of order`);
      rank = next;
    }
    sections.push(section);
  }
  return sections;
}

function readSection(reader: Reader): Section {
  const begin = reader.position;
  const id = reader.u8();
  const byteCount = reader.u32();
  const content = reader.position;
  reader.skip(byteCount);
  const until = reader.position;
  if (id !== SECTION.custom) return { id, name: "", begin, content, until };
  const inner = new Reader(reader.bytes, content, until);
  const name = inner.name();
  return { id, name, begin, content: inner.position, until };
}

/** Bytes 4 and 5 are the version, 6 and 7 the layer: 1 is the component model. */
function checkHeader(bytes: Uint8Array): void {
  const isWasm = [0, 0x61, 0x73, 0x6d].every((byte, index) => bytes[index] === byte);
  if (!isWasm) throw new MonitorError("GUEST_INVALID", "is not a wasm module");
  if (bytes.length < HEADER_BYTES) {
    throw new MonitorError("GUEST_INVALID", "is cut off within the header of a wasm module");
  }
  if (bytes[6] === 1 && bytes[7] === 0) {
    throw new MonitorError(
      "GUEST_INVALID",
      "is a component, not a core module; instrument the core module that it is made of",
    );
  }
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    throw new MonitorError("GUEST_INVALID", "is a wasm module of an unknown version, not 1");
  }
}
