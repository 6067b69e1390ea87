/**
 * Writes the instrumented module: the original's sections in their order, with what is added.
 */
import type { Additions } from "./additions.js";
import { u32, utf8 } from "./assembler.js";
import {
  DESCRIPTION_SECTION,
  encodeDescription,
  type HookDescription,
  type OffsetSegment,
} from "./description.js";
import type { GuestModule } from "./module.js";
import { extendNames } from "./names.js";
import { flatten, type Piece, planOf, sized } from "./patch.js";
import { Reader } from "./reader.js";
import { HEADER_BYTES, SECTION, SECTION_ORDER, type Section } from "./sections.js";

/** What goes into the module. */
export interface Changes {
  readonly added: Additions;
  /** New bodies by function index, without their sizes. */
  readonly bodies: ReadonlyMap<number, readonly Piece[]>;
}

interface Assembled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly description: HookDescription;
}

/** Puts the module together; `describe` makes its description, which is appended to it. */
export function assemble(
  module: GuestModule,
  changes: Changes,
  describe: (segments: OffsetSegment[], removed: Uint8Array) => HookDescription,
): Assembled {
  const pieces = allSections(module, changes);
  const { segments, removed } = planOf(module.bytes, pieces);
  const description = describe(segments, removed);
  const content = [utf8(DESCRIPTION_SECTION), encodeDescription(description)];
  const bytes = flatten(module.bytes, [...pieces, [SECTION.custom], ...sized(content)]);
  return { bytes, description };
}

/** Entries to append, by the section that takes them. */
function entriesOf(added: Additions): Map<number, readonly ArrayLike<number>[]> {
  return new Map<number, readonly ArrayLike<number>[]>([
    [SECTION.type, added.types],
    [SECTION.functions, added.functions.map(({ type }) => u32(type))],
    // One table of two funcref.
    [SECTION.table, [[0x70, 0, 2]]],
    [SECTION.global, added.globals],
    [SECTION.export, added.exports],
  ]);
}

function allSections(module: GuestModule, changes: Changes): Piece[] {
  const entries = entriesOf(changes.added);
  const parts: (readonly Piece[])[] = [[{ from: 0, until: HEADER_BYTES }]];
  const absent = [...entries.keys()].filter((id) => !module.section(id));
  const startNew = (before: number) => {
    while (absent.length > 0 && rankOf(absent[0] as number) < before) {
      const id = absent.shift() as number;
      const rows = entries.get(id) ?? [];
      parts.push([[id], ...sized([u32(rows.length), ...rows])]);
    }
  };
  for (const section of module.sections) {
    if (section.id !== SECTION.custom) startNew(rankOf(section.id));
    parts.push(writeSection(module, section, { ...changes, entries }));
  }
  startNew(Number.POSITIVE_INFINITY);
  return parts.flat();
}

function rankOf(id: number): number {
  return SECTION_ORDER.indexOf(id);
}

function writeSection(
  module: GuestModule,
  section: Section,
  changes: Changes & { readonly entries: Map<number, readonly ArrayLike<number>[]> },
): Piece[] {
  const { id } = section;
  if (id === SECTION.code) return [[[id]], sized(writeCode(module, section, changes))].flat();
  if (id === SECTION.custom && section === module.custom("name")) {
    return writeNames(module, section, changes);
  }
  const rows = id === SECTION.custom ? undefined : changes.entries.get(id);
  if (!rows) return [{ from: section.begin, until: section.until }];
  const reader = new Reader(module.bytes, section.content, section.until);
  const count = reader.u32();
  const kept = { from: reader.position, until: section.until };
  return [[id], ...sized([u32(count + rows.length), kept, ...rows])];
}

function writeCode(module: GuestModule, section: Section, { added, bodies }: Changes): Piece[] {
  const reader = new Reader(module.bytes, section.content, section.until);
  const count = reader.u32();
  const parts: (readonly Piece[])[] = [[u32(count + added.functions.length)]];
  let from = reader.position;
  for (const index of [...bodies.keys()].sort((left, right) => left - right)) {
    const body = module.bodyOf(index);
    const changed = bodies.get(index);
    if (!body || !changed) continue;
    parts.push([{ from, until: body.sizeAt }, ...sized(changed)]);
    from = body.until;
  }
  parts.push([{ from, until: section.until }]);
  for (const { body } of added.functions) parts.push(sized([body]));
  return parts.flat();
}

function writeNames(module: GuestModule, section: Section, { added }: Changes): Piece[] {
  const rows = added.functions.map(({ name }, index): [number, string] => [
    module.functionCount + index,
    name,
  ]);
  const names = extendNames(module, rows);
  if (!names) return [{ from: section.begin, until: section.until }];
  return [[SECTION.custom], ...sized([utf8("name"), ...names])];
}
