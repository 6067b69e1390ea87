/**
 * What a scrape asks for: content type and encoding (RFC 9110 §12.5). Pure functions of two
 * headers. A client that accepts neither type gets text all the same, as Prometheus' own
 * libraries answer; 406 would help nobody.
 */

/** The text exposition format. */
export const TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
/** OpenMetrics 1.0. */
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Characters of a header that are looked at; real ones have a few hundred. */
const HEADER_CHARACTERS_MAX = 4096;

/**
 * Whether a scrape wants OpenMetrics.
 *
 * The highest weight wins; at equal weights the type that is named wins over one that only a
 * wildcard covers, and text over OpenMetrics.
 */
export function wantsOpenMetrics(accept: string | null | undefined): boolean {
  const openMetrics = weigh(accept, "application/openmetrics-text", "1.0.0");
  return openMetrics >= 4 && openMetrics > weigh(accept, "text/plain", "0.0.4");
}

/** Whether a scrape wants gzip: it has a weight, and identity has no higher one of its own. */
export function wantsGzip(acceptEncoding: string | null | undefined): boolean {
  const codings = parsePreferences(acceptEncoding);
  const weightOf = (wanted: string) => codings.find(({ name }) => name === wanted)?.weight;
  const gzip = weightOf("gzip") ?? weightOf("x-gzip") ?? weightOf("*") ?? 0;
  return gzip > 0 && gzip >= (weightOf("identity") ?? 0);
}

/**
 * The weight of a media type times 4, plus how it is covered (2 by name, 1 and 0 by wildcards),
 * both taken from the most specific range that covers it; -1 for none.
 */
function weigh(accept: string | null | undefined, type: string, version: string): number {
  const ranges = ["*/*", type.replace(/\/.*/, "/*"), type];
  let rank = -1;
  let weight = 0;
  for (const range of parsePreferences(accept)) {
    let found = ranges.indexOf(range.name);
    if (found === 2 && range.version) found = 3;
    if (found < 0 || found < rank || (range.version ?? version) !== version) continue;
    weight = found > rank ? range.weight : Math.max(weight, range.weight);
    rank = found;
  }
  return weight * 4 + Math.min(rank, 2);
}

/** One element of an `Accept` or `Accept-Encoding` header. */
interface Preference {
  /** Media range or coding, lower-case. */
  readonly name: string;
  readonly version: string | undefined;
  /** In thousandths; 0 means "not this". */
  readonly weight: number;
}

function parsePreferences(header: string | null | undefined): readonly Preference[] {
  const elements = (header ?? "").slice(0, HEADER_CHARACTERS_MAX).toLowerCase().split(",");
  return elements.map((element) => {
    const [name = "", ...parameters] = element.split(";").map((part) => part.trim());
    const read = (key: string) =>
      parameters
        .find((parameter) => parameter.startsWith(key))
        ?.slice(key.length)
        .replace(/^"(.*)"$/, "$1");
    return { name, version: read("version="), weight: parseWeight(read("q=") ?? "1") };
  });
}

/** Thousandths of a weight as RFC 9110 §12.4.2 writes it; anything else counts as 0. */
function parseWeight(text: string): number {
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Math.round(Number(text) * 1_000) : 0;
}
