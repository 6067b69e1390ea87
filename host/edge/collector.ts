/**
 * One place to scrape many isolates at: each hands its exposition in now and then, labelled with
 * its instance, and is forgotten when it has not for a while. For a Durable Object, of which there
 * is one. Text format 0.0.4 only: a line that is none would spoil the scrape of all.
 */
import { readStart } from "../platforms/web.js";
import { checkPositive } from "../push/bound.js";
import { TEXT_TYPE } from "../scrape/negotiation.js";
import { textResponse } from "./response.js";

export interface CollectorOptions {
  /** An isolate that reports nothing for this long has ended, in milliseconds. @default 60_000 */
  readonly ttlMs?: number | undefined;
  /** Isolates kept at a time; reports of more are refused and counted. @default 1_000 */
  readonly isolatesMax?: number | undefined;
  /** Bytes of one report; longer ones are refused and counted, read no further. @default 1 MiB */
  readonly reportBytesMax?: number | undefined;
}

interface Isolate {
  readonly exposition: string;
  readonly reportedMs: number;
}

/** Lines of one family, of all isolates. */
interface Family {
  readonly head: string[];
  readonly samples: string[];
}

const PATH_PREFIX = "/isolates/";
const INSTANCE = /^[\w.-]{1,64}$/;
/** Name, labels, value, time. */
const SAMPLE = /^[a-z_:][\w:]*(\{.*\})? [-+.\w]+( -?\d+)?$/is;
/** A label, so that what a value holds is not taken for one. */
const LABEL = /(\w+)="(?:[^"\\]|\\.)*"/g;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What isolates reported last. */
export class Collector {
  readonly #isolates = new Map<string, Isolate>();
  readonly #options: Required<{ [K in keyof CollectorOptions]: number }>;
  #endedCount = 0;
  #refusedCount = 0;

  /** Throws `OPTION_INVALID`. */
  constructor(options: CollectorOptions = {}) {
    const { ttlMs = 60_000, isolatesMax = 1_000, reportBytesMax = 1024 * 1024 } = options;
    this.#options = {
      ttlMs: checkPositive("ttlMs", ttlMs),
      isolatesMax: checkPositive("isolatesMax", isolatesMax),
      reportBytesMax: checkPositive("reportBytesMax", reportBytesMax),
    };
  }

  /**
   * Takes `POST /isolates/INSTANCE` with what `monitor.prometheus()` gives, and answers
   * `GET /metrics`. Whoever can reach it can report: let only bindings do.
   */
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const instance = pathname.startsWith(PATH_PREFIX) ? pathname.slice(PATH_PREFIX.length) : "";
    if (request.method === "POST" && INSTANCE.test(instance)) {
      const { bytes, isWhole } = await readStart(request.body, this.#options.reportBytesMax);
      const isTaken = isWhole && this.put(instance, decoder.decode(bytes));
      if (isTaken) return new Response(null, { status: 204 });
      if (!isWhole) this.#refusedCount++;
      return textResponse(503, "refused: too much, or no text format 0.0.4\n");
    }
    if (request.method === "GET" && pathname === "/metrics") {
      return new Response(this.prometheus(), { headers: { "content-type": TEXT_TYPE } });
    }
    return textResponse(404, "not found: POST /isolates/INSTANCE, or GET /metrics\n");
  }

  /**
   * Keeps an isolate's report in place of its last one. False, and counted, when a limit refuses
   * it, when the isolate's name is not 1 to 64 letters, digits, `_`, `.`, `-`, and when a line is
   * no text format 0.0.4.
   */
  put(instance: string, exposition: string): boolean {
    this.#forget();
    const { isolatesMax, reportBytesMax } = this.#options;
    const isKnown = this.#isolates.has(instance);
    const isFull = !isKnown && this.#isolates.size >= isolatesMax;
    const isTooLong = encoder.encode(exposition).length > reportBytesMax;
    if (isFull || isTooLong || !INSTANCE.test(instance) || !isExposition(exposition)) {
      this.#refusedCount++;
      return false;
    }
    this.#isolates.set(instance, { exposition, reportedMs: Date.now() });
    return true;
  }

  /** All series of all isolates, each with label `isolate`. Cost: linear in their bytes. */
  prometheus(): string {
    this.#forget();
    const families = new Map<string, Family>();
    for (const [instance, { exposition }] of this.#isolates) add(families, instance, exposition);
    const texts = Array.from(families.values(), ({ head, samples }) => [...head, ...samples]);
    return `${[...texts.flat(), ...this.#ownLines()].join("\n")}\n`;
  }

  #ownLines(): string[] {
    return [
      "# TYPE collector_isolates gauge",
      `collector_isolates ${this.#isolates.size}`,
      "# TYPE collector_ended_total counter",
      `collector_ended_total ${this.#endedCount}`,
      "# TYPE collector_refused_total counter",
      `collector_refused_total ${this.#refusedCount}`,
    ];
  }

  #forget(): void {
    const endMs = Date.now() - this.#options.ttlMs;
    for (const [instance, { reportedMs }] of this.#isolates) {
      if (reportedMs >= endMs) continue;
      this.#isolates.delete(instance);
      this.#endedCount++;
    }
  }
}

/** Adds an exposition's lines to their families: all of a family must stand together. */
function add(families: Map<string, Family>, instance: string, exposition: string): void {
  let family = families.get("") ?? { head: [], samples: [] };
  families.set("", family);
  let current = "";
  let isNew = false;
  for (const line of exposition.split("\n")) {
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name !== undefined && name !== current) {
      current = name;
      isNew = !families.has(name);
      family = families.get(name) ?? { head: [], samples: [] };
      families.set(name, family);
    }
    if (name !== undefined && isNew) family.head.push(line);
    else if (line !== "" && !line.startsWith("#")) family.samples.push(label(line, instance));
  }
}

/** Whether every line is a comment or a sample. */
function isExposition(text: string): boolean {
  return text.split("\n").every((line) => line === "" || line[0] === "#" || SAMPLE.test(line));
}

/**
 * A name has no brace, so that the first one begins the labels. An application's own label of that
 * name is renamed, as Prometheus does: a series with one label twice spoils the scrape.
 */
function label(sample: string, instance: string): string {
  const end = sample.search(/[{ ]/);
  const [name, rest] = [sample.slice(0, end), sample.slice(end)];
  const own = `isolate="${instance}"`;
  if (rest[0] !== "{") return `${name}{${own}}${rest}`;
  const labels = rest.replace(LABEL, (pair, key) =>
    key === "isolate" ? `exported_${pair}` : pair,
  );
  return `${name}{${own},${labels.slice(1)}`;
}
