/**
 * The function names of a module: those of the name section (core specification 2.0, appendix
 * *Custom Sections*), and the section with names of added functions.
 */
import { MonitorError } from "../errors.js";
import { u32, utf8 } from "./assembler.js";
import type { GuestModule } from "./module.js";
import { type Piece, sized } from "./patch.js";
import { Reader } from "./reader.js";

/** Id of the subsection with function names. */
const FUNCTIONS = 1;

interface Subsection {
  readonly id: number;
  readonly begin: number;
  readonly content: number;
  readonly until: number;
}

/** Names by function index; empty without a name section, or with one that cannot be read. */
export function readFunctionNames(module: GuestModule): Map<number, string> {
  const names = new Map<number, string>();
  const subsection = functionSubsection(module);
  if (!subsection) return names;
  try {
    const reader = new Reader(module.bytes, subsection.content, subsection.until);
    for (let count = reader.count(); count > 0; count--) names.set(reader.u32(), reader.name());
  } catch (error) {
    // As engines do: what is wrong in a custom section is no fault of the module's.
    if (!(error instanceof MonitorError)) throw error;
  }
  return names;
}

/**
 * The content of the name section with names added behind the others; undefined where there are no
 * function names. Added indices must be larger than those that are there.
 */
export function extendNames(
  module: GuestModule,
  added: readonly (readonly [index: number, name: string])[],
): Piece[] | undefined {
  const section = module.custom("name");
  const names = functionSubsection(module);
  if (!section || !names) return undefined;
  const reader = new Reader(module.bytes, names.content, names.until);
  const count = reader.u32();
  const entries = added.flatMap(([index, name]) => [...u32(index), ...utf8(name)]);
  const content = [
    u32(count + added.length),
    { from: reader.position, until: names.until },
    entries,
  ];
  return [
    { from: section.content, until: names.begin },
    [FUNCTIONS],
    ...sized(content),
    { from: names.until, until: section.until },
  ];
}

function functionSubsection(module: GuestModule): Subsection | undefined {
  const section = module.custom("name");
  if (!section) return undefined;
  try {
    const reader = new Reader(module.bytes, section.content, section.until);
    while (!reader.isDone) {
      const begin = reader.position;
      const id = reader.u8();
      const byteCount = reader.u32();
      const content = reader.position;
      reader.skip(byteCount);
      if (id === FUNCTIONS) return { id, begin, content, until: reader.position };
    }
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
  }
  return undefined;
}
