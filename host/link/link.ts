/**
 * Joins a WASI command and the monitor into one module that imports nothing but WASI preview1. The
 * guest keeps its addresses; the monitor lies behind it in the same memory.
 */
import { MonitorError } from "../errors.js";
import { EXPORT_PREFIX } from "../instrument/additions.js";
import { call, OP, u32, utf8 } from "../instrument/assembler.js";
import { GuestModule, KIND } from "../instrument/module.js";
import { readFunctionNames } from "../instrument/names.js";
import { flatten, type Piece, sized } from "../instrument/patch.js";
import { Reader } from "../instrument/reader.js";
import { HEADER_BYTES, SECTION, SECTION_ORDER } from "../instrument/sections.js";
import { PREVIEW1 } from "../wasi/preview1.js";
import { Image } from "./image.js";
import {
  dataSegment,
  type Entries,
  elementEntries,
  entriesOf,
  exportedGlobal,
  globalEntries,
  memoryPages,
  monitorData,
  monitorGlobals,
  tableElement,
} from "./module-tables.js";
import { encodeSetup } from "./setup.js";

/** The custom section that marks a linked module. */
const LINK_SECTION = "wmon.link";
/** Custom sections that are still right in the image. */
const KEPT_SECTIONS: ReadonlySet<string> = new Set(["producers"]);

const PAGE_BYTES = 65536;
const PAGES_MAX = 65536;
/** Pages that the monitor must find beyond the guest's at least. */
const HEADROOM_PAGES = 64;

/** Pages behind the places, which the monitor's arena would else have in its own memory. */
const ARENA_PAGES = 8;

/** Subsection of function names in the name section. */
const FUNCTION_NAMES = 1;

/**
 * Links a guest, a core module that is a WASI command; `monitor` is what `build/link.wasm` has. To
 * trace its memory, `guest` and `places` are what `traceGuest` made, and `monitor` is what
 * `build/link-memtrace.wasm` has. Throws `GUEST_INVALID` for a guest that is linked already, has no
 * memory of its own, leaves no room in it, or has instructions that are not known.
 */
export function linkGuest(
  guest: Uint8Array,
  monitor: Uint8Array,
  places?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const module = new GuestModule(guest);
  if (module.custom(LINK_SECTION)) refuse("is linked already: run it as it is");
  const pages = memoryPages(module);
  if (!pages) refuse("has no memory of its own, 32-bit and of one thread");
  if (module.memoryCount > 1) refuse("has several memories, of which WASI knows one");
  const headroom = HEADROOM_PAGES + pagesOf(places?.length ?? 0);
  if (pages.initial > PAGES_MAX - headroom) refuse("begins with all memory there can be");
  const image = new Image(module, new GuestModule(monitor), places !== undefined);
  const bytes = flatten(guest, writeModule({ image, pages, places }));
  if (WebAssembly.validate(bytes)) return bytes;
  return refuse("cannot be linked: with the monitor it is no valid module");
}

/** Links the monitor alone: a command that answers the lines of its standard input. */
export function linkStandalone(monitor: Uint8Array): Uint8Array<ArrayBuffer> {
  return linkGuest(SERVING_GUEST, monitor);
}

/** A guest without memory that calls `monitor.serve`. */
const SERVING_GUEST = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[SECTION.type, 4, 1, 0x60, 0, 0],
  ...[SECTION.import, 17, 1, ...utf8("monitor"), ...utf8("serve"), KIND.function, 0],
  ...[SECTION.functions, 2, 1, 0],
  ...[SECTION.memory, 3, 1, 0, 0],
  ...[
    SECTION.export,
    19,
    2,
    ...utf8("memory"),
    KIND.memory,
    0,
    ...utf8("_start"),
    KIND.function,
    1,
  ],
  ...[SECTION.code, 6, 1, 4, 0, ...call(0), OP.end],
]);

function refuse(what: string): never {
  throw new MonitorError("GUEST_INVALID", what);
}

interface Pages {
  readonly initial: number;
  readonly maximum: number;
}

/** What is linked. */
interface Task {
  readonly image: Image;
  readonly pages: Pages;
  /** Of a guest that is traced: what its monitor knows of it. */
  readonly places: Uint8Array | undefined;
}

function writeModule(task: Task): Piece[] {
  const { image } = task;
  const { guest } = image;
  const sections = new Map(vectorSections(task));
  const parts: Piece[][] = [[{ from: 0, until: HEADER_BYTES }]];
  for (const id of SECTION_ORDER) {
    const entries = sections.get(id);
    if (entries) {
      if (entries.count > 0) parts.push(section(id, [u32(entries.count), ...entries.pieces]));
    } else if (id === SECTION.dataCount && guest.section(id)) {
      parts.push(section(id, [u32(sections.get(SECTION.data)?.count ?? 0)]));
    } else if (id === SECTION.start) {
      const start = startFunction(image.monitor);
      if (start !== undefined) parts.push(section(id, [u32(image.ofMonitor(start))]));
    } else if (id !== SECTION.dataCount) {
      const kept = guest.section(id);
      if (kept) parts.push([{ from: kept.begin, until: kept.until }]);
    }
  }
  for (const { id, name, begin, until } of guest.sections) {
    if (id === SECTION.custom && KEPT_SECTIONS.has(name)) parts.push([{ from: begin, until }]);
  }
  parts.push(custom("name", nameSection(image)), custom(LINK_SECTION, [utf8("1")]));
  return parts.flat();
}

/** Sections that are lists and change, by id. */
function vectorSections(task: Task): [number, Entries][] {
  const { image, pages, places } = task;
  const { guest, monitor } = image;
  const functionOf = (index: number) => image.ofGuest(index);
  const base = pages.initial * PAGE_BYTES;
  const { entries: ownGlobals, initial } = monitorGlobals(monitor, firstValues(task));
  const setupAt = base + (initial[exportedGlobal(monitor, "SETUP")] as number);
  const setup = dataSegment(
    setupAt,
    encodeSetup({
      calls: image.calls.map(({ name }) => name),
      pagesMax: pages.maximum,
      isTraced: places !== undefined,
    }),
  );
  const added = [setup];
  if (places) {
    const at = placesAt(monitor);
    const cell = base + (initial[exportedGlobal(monitor, "PLACES")] as number);
    added.push(dataSegment(cell, u32Bytes(at)), dataSegment(base + at, places));
  }
  const hooks = places ? [hookElement(image)] : [];
  return [
    [SECTION.type, join(entriesOf(guest, SECTION.type), detach(monitor, SECTION.type))],
    [SECTION.import, list(image.imports.map(({ name, type }) => importEntry(name, type)))],
    [SECTION.functions, list(image.functionTypes().map(u32))],
    [SECTION.memory, list([memoryEntry(task)])],
    [SECTION.global, join(globalEntries(guest, functionOf), ownGlobals)],
    [SECTION.export, list(exportEntries(image))],
    [SECTION.element, join(elementEntries(guest, functionOf), list(hooks))],
    [SECTION.code, codeEntries(image)],
    [SECTION.data, join(entriesOf(guest, SECTION.data), monitorData(monitor, base), list(added))],
  ];
}

function firstValues({ image: { monitor }, pages }: Task): Map<number, number> {
  return new Map([
    [exportedGlobal(monitor, "base"), pages.initial * PAGE_BYTES],
    [exportedGlobal(monitor, "guestPages"), pages.initial],
  ]);
}

/** Where the places are among the monitor's own data: behind its memory, before its arena. */
function placesAt(monitor: GuestModule): number {
  return (memoryPages(monitor)?.initial ?? 0) * PAGE_BYTES;
}

/** Puts the monitor's functions into the table that the guest's hooks call, by `SLOT`. */
function hookElement(image: Image): number[] {
  const functions = [image.exported("allocated"), image.exported("freed")];
  return tableElement(image.hookExport("hooks", KIND.table), functions);
}

function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function pagesOf(byteCount: number): number {
  return Math.ceil(byteCount / PAGE_BYTES);
}

function importEntry(name: string, type: number): number[] {
  return [...utf8(PREVIEW1), ...utf8(name), KIND.function, ...u32(type)];
}

/** Without a maximum: the guest's own is kept by the monitor, which needs room beyond it. */
function memoryEntry({ image: { monitor }, pages, places }: Task): number[] {
  const own = memoryPages(monitor)?.initial ?? 0;
  const more = places ? pagesOf(places.length) + ARENA_PAGES : 0;
  return [0, ...u32(pages.initial + own + more)];
}

/** The guest's exports; its `_start` becomes the monitor's. */
function exportEntries(image: Image): number[][] {
  // What the hooks export is for hosts, of which there is none.
  const kept = image.guest.exports.filter(({ name }) => !name.startsWith(EXPORT_PREFIX));
  return kept.map(({ name, kind, index }) => {
    const isFunction = kind === KIND.function;
    const isStart = isFunction && name === "_start";
    const target = isStart ? image.exported("start") : isFunction ? image.ofGuest(index) : index;
    return [...utf8(name), kind, ...u32(target)];
  });
}

function codeEntries(image: Image): Entries {
  const { guest, monitor } = image;
  const parts: Piece[][] = guest.bodies.map((_, index) => sized(image.guestBody(index)));
  monitor.bodies.forEach((_, index) => {
    parts.push([image.monitorBody(index)]);
  });
  for (const body of image.addedBodies(startFunction(guest))) parts.push(sized([body]));
  return { count: parts.length, pieces: parts.flat() };
}

/** What engines run as they instantiate a module. */
function startFunction(module: GuestModule): number | undefined {
  const start = module.section(SECTION.start);
  return start && new Reader(module.bytes, start.content, start.until).u32();
}

/** The names of the guest's functions, by their new numbers. */
function nameSection(image: Image): Piece[] {
  const { guest } = image;
  const names = [...readFunctionNames(guest)]
    .filter(([index]) => index < guest.functionCount)
    .filter(([index]) => guest.bodyOf(index) !== undefined)
    .map(([index, name]) => [...u32(image.ofGuest(index)), ...utf8(name)]);
  return [[FUNCTION_NAMES], ...sized([u32(names.length), ...names])];
}

/** The monitor's entries as bytes of their own: pieces are spans of the guest's. */
function detach(module: GuestModule, id: number): Entries {
  const { count, pieces } = entriesOf(module, id);
  return { count, pieces: [flatten(module.bytes, pieces)] };
}

function list(entries: readonly (readonly number[])[]): Entries {
  return { count: entries.length, pieces: entries };
}

function join(...parts: readonly Entries[]): Entries {
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    pieces: parts.flatMap(({ pieces }) => pieces),
  };
}

function section(id: number, content: readonly Piece[]): Piece[] {
  return [[id], ...sized(content)];
}

function custom(name: string, content: readonly Piece[]): Piece[] {
  return section(SECTION.custom, [utf8(name), ...content]);
}
