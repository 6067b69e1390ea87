/**
 * What guests register, in the main thread: checks what a guest names, remembers what it was given,
 * and calls the core. Serves plug-ins in this thread directly, and a guest in a worker by answering
 * its requests.
 */
import {
  CELL_ACTIVE_OFFSET,
  CELL_STATE_OFFSET,
  CellKind,
  type Level,
  LOG_LEVEL_OFFSET,
  Status,
} from "../../assembly/abi.js";
import type { Core } from "../core.js";
import { Operation, type Request } from "./channel.js";
import type { GuestHost, HotExports } from "./guest-imports.js";
import { cleanValues, decode, isUtf8, readFieldCount } from "./message.js";

export interface RegistrarOptions {
  readonly core: Core;
  /** Writes a guest's message; its text is decoded lossily. */
  readonly log: (source: string, level: Level, text: string) => void;
  /** Counts a call refused by the host. */
  readonly refuse: () => void;
}

/** Registers for guests. Ids are the core's addresses; only those given out here are taken back. */
export class Registrar implements GuestHost {
  readonly hot: HotExports;
  readonly #core: Core;
  readonly #options: RegistrarOptions;
  /** By definition, so that a plug-in instantiated again finds its sources. */
  readonly #sources = new Map<string, number>();
  readonly #fieldCounts = new Map<number, number>();
  /** The first handle of each series. */
  readonly #handles = new Map<number, number>();
  readonly #cells = new Map<number, number>();
  readonly #logNames = new Map<number, string>();

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#core = options.core;
    this.hot = options.core.exports;
  }

  source(definition: Uint8Array): number {
    const key = latin1.decode(definition);
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const fieldCount = readFieldCount(definition);
    if (fieldCount < 0) return fieldCount;
    const core = this.#core;
    const source = core.refresh(core.exports.source(core.put(definition)));
    if (source >= 0) {
      this.#sources.set(key, source);
      this.#fieldCounts.set(source, fieldCount);
    }
    return source;
  }

  series(source: number, values: Uint8Array): number {
    const fieldCount = this.#fieldCounts.get(source);
    if (fieldCount === undefined) return Status.NoSuchThing;
    const series = this.#registerSeries(source, cleanValues(values));
    if (series < 0) return series;
    const known = this.#handles.get(series);
    if (known !== undefined) return known;
    const cells = Array.from(
      { length: fieldCount },
      (_, index) => series + this.#core.fieldOffset(source, index),
    );
    return this.#allocateHandles(series, cells);
  }

  text(handle: number, text: Uint8Array): number {
    const cell = this.#cells.get(handle);
    if (cell === undefined) return Status.NoSuchThing;
    const { bytes } = this.#core;
    if (bytes[cell + CELL_STATE_OFFSET] !== CellKind.Text) this.#core.refusals++;
    else if (bytes[cell + CELL_ACTIVE_OFFSET] === 1) this.#core.setText(cell, decode(text));
    return Status.Ok;
  }

  logSource(name: Uint8Array): number {
    if (!isUtf8(name)) return Status.NameInvalid;
    const log = this.#core.registerLog(name);
    if (log >= 0) this.#logNames.set(log, decode(name));
    return log;
  }

  threshold(log: number): Level | undefined {
    if (!this.#logNames.has(log)) return undefined;
    return this.#core.words[(log + LOG_LEVEL_OFFSET) >>> 2];
  }

  log(log: number, level: Level, text: Uint8Array): void {
    this.#options.log(this.#logNames.get(log) ?? "guest", level, decode(text));
  }

  refuse(): void {
    this.#options.refuse();
  }

  /** Answers a request that came over a channel. */
  handle({ operation, subject, bytes }: Request): number {
    switch (operation) {
      case Operation.Source:
        return this.source(bytes);
      case Operation.Series:
        return this.series(subject, bytes);
      case Operation.Text:
        return this.text(subject, bytes);
      case Operation.LogSource:
        return this.logSource(bytes);
      case Operation.RunSeries:
        return this.#registerSeries(subject, bytes);
    }
  }

  #registerSeries(source: number, values: Uint8Array): number {
    const core = this.#core;
    return core.refresh(core.exports.series(source, core.put(values)));
  }

  /** One handle a field, each following the last: the core gives them out in turn. */
  #allocateHandles(series: number, cells: readonly number[]): number {
    let first: number | undefined;
    for (const cell of cells) {
      const handle = this.#core.refresh(this.#core.exports.handle(cell));
      if (handle < 0) return handle;
      this.#cells.set(handle, cell);
      first ??= handle;
    }
    if (first === undefined) return Status.NoSuchThing;
    this.#handles.set(series, first);
    return first;
  }
}

/** One character a byte: a key of what is no text. */
const latin1 = new TextDecoder("latin1");
