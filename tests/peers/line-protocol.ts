/**
 * A reader of line protocol, after InfluxData's reference; it shares no code with the encoder.
 */

/** A field's value; integers are bigints. */
export type LineValue = number | bigint | boolean | string;

/** One line. */
export interface Line {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, LineValue>>;
  /** Nanoseconds; undefined if the line has none. */
  readonly time: bigint | undefined;
}

const HEAD = /^((?:\\.|[^\\ ,]|\\(?=[^ ,=]))+)((?:,(?:\\.|[^\\ ,])+)*) /s;
const PAIR = /^((?:\\.|[^\\ ,=])+)=((?:\\.|[^\\ ,=])+)$/s;
const FIELD = /^((?:\\.|[^\\ ,=])+)=("(?:\\.|[^"\\])*"|[^",\s]+)(,|$| )/s;
const SEPARATING_COMMA = /(?<!\\),/;

/** Reads one line, without its end; throws if it is none. */
export function parseLine(text: string): Line {
  const [head, measurement = "", tagText = ""] = HEAD.exec(text) ?? [];
  if (head === undefined) throw new Error(`no fields: ${text}`);
  const pairs = tagText.split(SEPARATING_COMMA).slice(1);
  const tags = pairs.map((pair) => {
    const [, key, value] = PAIR.exec(pair) ?? [];
    if (key === undefined || value === undefined) throw new Error(`tag ${pair}: ${text}`);
    return [unescapeName(key), unescapeName(value)];
  });
  const { fields, rest } = parseFields(text.slice(head.length), text);
  if (rest !== "" && !/^-?\d+$/.test(rest)) throw new Error(`time ${rest}: ${text}`);
  return {
    measurement: unescapeName(measurement),
    tags: Object.fromEntries(tags),
    fields,
    time: rest === "" ? undefined : BigInt(rest),
  };
}

/** One text for all ways to write the same line. */
export function canonical(line: Line): string {
  const sorted = (pairs: object) => Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
  const values = [line.measurement, sorted(line.tags), sorted(line.fields), line.time];
  return JSON.stringify(values, (_key, value: unknown) =>
    typeof value === "bigint" ? `${value}i` : value,
  );
}

function parseFields(start: string, text: string): { fields: Line["fields"]; rest: string } {
  const fields: Record<string, LineValue> = {};
  let rest = start;
  for (;;) {
    const [whole, key, value, end] = FIELD.exec(rest) ?? [];
    if (whole === undefined || key === undefined || value === undefined) {
      throw new Error(`field ${rest}: ${text}`);
    }
    fields[unescapeName(key)] = parseValue(value);
    rest = rest.slice(whole.length);
    if (end !== ",") return { fields, rest };
  }
}

function parseValue(text: string): LineValue {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(["\\])/g, "$1");
  if (/^-?\d+[iu]$/.test(text)) return BigInt(text.slice(0, -1));
  if (/^(?:true|false)$/.test(text)) return text === "true";
  if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text)) return Number(text);
  throw new Error(`no value: ${text}`);
}

/** A backslash before any other character is one. */
function unescapeName(text: string): string {
  return text.replace(/\\([ ,=])/g, "$1");
}
