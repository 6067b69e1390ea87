/**
 * A reader of expositions that refuses whatever Prometheus' text format 0.0.4 or OpenMetrics 1.0 do
 * not allow. It shares no code with the encoder. Exemplars, timestamps and units are left out: we
 * write none, so they are refused as well.
 */

export type ExpositionFormat = "text" | "openmetrics";

/** One line with a value. */
export interface ExposedSample {
  /** With the suffix: `wait_seconds_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A name with its type, its help and all its samples. */
export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  /** Unescaped; undefined if there is none. */
  readonly help: string | undefined;
  readonly samples: readonly ExposedSample[];
}

interface OpenFamily {
  readonly name: string;
  type: string | undefined;
  help: string | undefined;
  readonly samples: ExposedSample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const META = /^# (HELP|TYPE) (\S+) (.*)$/;
const SAMPLE = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const NUMBER = /^[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)$|^NaN$/;

/** What may follow a family's name in its samples. */
const SUFFIXES: Readonly<Record<ExpositionFormat, Readonly<Record<string, readonly string[]>>>> = {
  text: {
    counter: [""],
    gauge: [""],
    histogram: ["_bucket", "_sum", "_count"],
    summary: ["", "_sum", "_count"],
    untyped: [""],
  },
  openmetrics: {
    counter: ["_total"],
    gauge: [""],
    histogram: ["_bucket", "_sum", "_count"],
    summary: ["", "_sum", "_count"],
    info: ["_info"],
    unknown: [""],
  },
};

/** Reads an exposition; throws what is wrong with it, and in which line. */
export function parseExposition(text: string, format: ExpositionFormat): ExposedFamily[] {
  const families: OpenFamily[] = [];
  for (const [at, line] of linesOf(text, format).entries()) {
    try {
      readLine(line, families, format);
    } catch (error) {
      throw new Error(`line ${at + 1}, ${line}: ${(error as Error).message}`);
    }
  }
  for (const family of families) checkFamily(family, format);
  checkNames(families);
  return families as ExposedFamily[];
}

function linesOf(text: string, format: ExpositionFormat): string[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const lines = text.split("\n").slice(0, -1);
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("no # EOF at the end");
  return lines;
}

function readLine(line: string, families: OpenFamily[], format: ExpositionFormat): void {
  const [, word, name = "", rest = ""] = META.exec(line) ?? [];
  if (word === undefined) {
    readSample(line, families.at(-1), format);
    return;
  }
  if (!NAME.test(name)) throw new Error("not a name");
  let family = families.at(-1);
  if (family?.name !== name) {
    if (families.some((each) => each.name === name)) throw new Error("a family in two parts");
    family = { name, type: undefined, help: undefined, samples: [] };
    families.push(family);
  }
  if (family.samples.length > 0) throw new Error("after a sample of the family");
  if (word === "TYPE") {
    if (family.type !== undefined) throw new Error("a second TYPE");
    if (SUFFIXES[format][rest] === undefined) throw new Error("no such type");
    family.type = rest;
  } else {
    if (family.help !== undefined) throw new Error("a second HELP");
    family.help = readEscapes(rest, format === "openmetrics" ? /\\([\\"n])/g : /\\([\\n])/g);
  }
}

function readSample(line: string, family: OpenFamily | undefined, format: ExpositionFormat): void {
  const [, name = "", labelText = "", valueText = ""] = SAMPLE.exec(line) ?? [];
  if (family?.type === undefined) throw new Error("no TYPE before it");
  const suffixes = SUFFIXES[format][family.type] ?? [];
  const suffix = suffixes.find((each) => name === family.name + each);
  if (suffix === undefined) throw new Error(`not of family ${family.name}`);
  if (!NUMBER.test(valueText)) throw new Error("not a number");
  const labels = readLabels(labelText);
  const special = family.type === "histogram" ? "le" : "quantile";
  const wantsSpecial = suffix === "_bucket" || (family.type === "summary" && suffix === "");
  if (wantsSpecial !== special in labels) throw new Error(`${special} is missing or misplaced`);
  family.samples.push({ name, labels, value: readNumber(valueText) });
}

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== "") {
    const [whole, name, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || name === undefined || value === undefined) {
      throw new Error(`labels from ${rest}`);
    }
    if (name in labels) throw new Error(`label ${name} twice`);
    labels[name] = readEscapes(value, /\\([\\"n])/g);
    rest = rest.slice(whole.length);
    if (whole.endsWith(",") && rest === "") throw new Error("a comma too many");
  }
  return labels;
}

function readEscapes(text: string, escapes: RegExp): string {
  const stray = text.replace(escapes, "").includes("\\");
  if (stray) throw new Error("an escape that the format does not have");
  return text.replace(escapes, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

function readNumber(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

function checkFamily(family: OpenFamily, format: ExpositionFormat): void {
  const { name, type, samples } = family;
  if (type === undefined) throw new Error(`${name}: no TYPE`);
  if (samples.length === 0) throw new Error(`${name}: no samples`);
  const keys = new Set<string>();
  for (const sample of samples) {
    const key = `${sample.name} ${keyOf(sample.labels)}`;
    if (keys.has(key)) throw new Error(`${key}: twice`);
    keys.add(key);
  }
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) {
    throw new Error(`${name}: a counter below 0`);
  }
  if (type === "info" && samples.some(({ value }) => value !== 1)) {
    throw new Error(`${name}: an info that is not 1`);
  }
  if (type === "histogram") for (const part of groupsOf(family, "le")) checkHistogram(name, part);
  if (type === "summary") for (const part of groupsOf(family, "quantile")) checkSummary(name, part);
  if (format === "openmetrics" && type === "counter" && name.endsWith("_total")) {
    throw new Error(`${name}: a counter family that ends in _total`);
  }
}

/** The samples of each label set, `special` aside; they must stand together. */
function groupsOf({ name, samples }: OpenFamily, special: string): ExposedSample[][] {
  const groups = new Map<string, ExposedSample[]>();
  let last = "";
  for (const sample of samples) {
    const { [special]: _, ...labels } = sample.labels;
    const key = keyOf(labels);
    const group = groups.get(key);
    if (group !== undefined && key !== last) throw new Error(`${name}: ${key} in two parts`);
    groups.set(key, [...(group ?? []), sample]);
    last = key;
  }
  return [...groups.values()];
}

function checkHistogram(name: string, samples: readonly ExposedSample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  checkAscending(name, buckets, "le");
  if (buckets.at(-1)?.labels.le !== "+Inf") throw new Error(`${name}: the last bound is not +Inf`);
  for (const [at, bucket] of buckets.entries()) {
    if (bucket.value < (buckets[at - 1]?.value ?? 0)) throw new Error(`${name}: not cumulative`);
  }
  if (only(samples, `${name}_count`) !== buckets.at(-1)?.value) {
    throw new Error(`${name}: the count is not that of +Inf`);
  }
  only(samples, `${name}_sum`);
}

function checkSummary(name: string, samples: readonly ExposedSample[]): void {
  const quantiles = samples.filter((sample) => sample.name === name);
  checkAscending(name, quantiles, "quantile");
  for (const { labels } of quantiles) {
    const quantile = readNumber(labels.quantile ?? "");
    if (!(quantile >= 0 && quantile <= 1)) throw new Error(`${name}: quantile ${quantile}`);
  }
  only(samples, `${name}_count`);
  only(samples, `${name}_sum`);
}

function checkAscending(name: string, samples: readonly ExposedSample[], label: string): void {
  let last = Number.NEGATIVE_INFINITY;
  for (const { labels } of samples) {
    const bound = readNumber(labels[label] ?? "");
    if (!(bound > last)) throw new Error(`${name}: ${label} ${bound} after ${last}`);
    last = bound;
  }
}

function only(samples: readonly ExposedSample[], name: string): number | undefined {
  const found = samples.filter((sample) => sample.name === name);
  if (found.length !== 1) throw new Error(`${name}: ${found.length} of it`);
  return found[0]?.value;
}

/** No name of a sample, and no name of a family, belongs to two families. */
function checkNames(families: readonly OpenFamily[]): void {
  const owners = new Map<string, OpenFamily>();
  for (const family of families) {
    for (const name of [family.name, ...family.samples.map((sample) => sample.name)]) {
      const owner = owners.get(name) ?? family;
      if (owner !== family) throw new Error(`${name}: of ${owner.name} and of ${family.name}`);
      owners.set(name, family);
    }
  }
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}
