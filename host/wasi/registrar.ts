/**
 * What guests register, in the main thread: checks what a guest names, remembers what it was given, and calls the
 * core. Serves plug-ins in this thread directly, and a guest in a worker by answering its requests.
 */
import { LOG_LEVEL_OFFSET, type Level, Status } from "../../assembly/abi.js";
import { Operation, type Request } from "./channel.js";
import type { GuestHost, HotExports } from "./guest-imports.js";

/** What a registrar needs of the core. Results are addresses, handles or a negative `Status`. */
export interface RegistrarCore {
  readonly memory: WebAssembly.Memory;
  readonly hot: HotExports;
  registerSource(definition: Uint8Array): number;
  registerSeries(source: number, values: Uint8Array): number;
  /** Negative past the source's last field. */
  fieldOffset(source: number, index: number): number;
  allocateHandle(cell: number): number;
  setText(cell: number, text: Uint8Array): void;
  registerLog(name: Uint8Array): number;
}

export interface RegistrarOptions {
  readonly core: RegistrarCore;
  /** Writes a guest's message; its text is decoded lossily. */
  readonly log: (source: string, level: Level, text: string) => void;
  /** Counts a call refused by the host. */
  readonly refuse: () => void;
}

/** Registers for guests. Ids are the core's addresses; only those given out here are taken back. */
export class Registrar implements GuestHost {
  readonly hot: HotExports;
  readonly #core: RegistrarCore;
  readonly #options: RegistrarOptions;
  /** By definition, so that a plug-in instantiated again finds its sources. */
  readonly #sources = new Map<string, number>();
  readonly #sourceIds = new Set<number>();
  /** The first handle of each series. */
  readonly #handles = new Map<number, number>();
  readonly #cells = new Map<number, number>();
  readonly #logNames = new Map<number, string>();

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#core = options.core;
    this.hot = options.core.hot;
  }

  source(definition: Uint8Array): number {
    const key = Buffer.from(definition).toString("latin1");
    const known = this.#sources.get(key);
    if (known !== undefined) return known;
    const source = this.#core.registerSource(definition);
    if (source >= 0) {
      this.#sources.set(key, source);
      this.#sourceIds.add(source);
    }
    return source;
  }

  series(source: number, values: Uint8Array): number {
    if (!this.#sourceIds.has(source)) return Status.NoSuchThing;
    const series = this.#core.registerSeries(source, values);
    if (series < 0) return series;
    return this.#handles.get(series) ?? this.#allocateHandles(source, series);
  }

  text(handle: number, text: Uint8Array): number {
    const cell = this.#cells.get(handle);
    if (cell === undefined) return Status.NoSuchThing;
    this.#core.setText(cell, text);
    return Status.Ok;
  }

  logSource(name: Uint8Array): number {
    const log = this.#core.registerLog(name);
    if (log >= 0) this.#logNames.set(log, decode(name));
    return log;
  }

  threshold(log: number): Level | undefined {
    if (!this.#logNames.has(log)) return undefined;
    return new Uint32Array(this.#core.memory.buffer, log + LOG_LEVEL_OFFSET, 1)[0];
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
    }
  }

  /** One handle a field, each following the last: the core gives them out in turn. */
  #allocateHandles(source: number, series: number): number {
    let first: number = Status.NoSuchThing;
    for (let index = 0; ; index++) {
      const offset = this.#core.fieldOffset(source, index);
      if (offset < 0) break;
      const handle = this.#core.allocateHandle(series + offset);
      if (handle < 0) return handle;
      this.#cells.set(handle, series + offset);
      if (index === 0) first = handle;
    }
    this.#handles.set(series, first);
    return first;
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
