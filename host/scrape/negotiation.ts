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

/** One element of an `Accept` or `Accept-Encoding` header. */
interface Preference {
  /** Media range or coding, lower-case. */
  readonly name: string;
  readonly version: string | undefined;
  /** Weight, 0 to 1; 0 means "not this". */
  readonly quality: number;
}

/**
 * Whether a scrape wants OpenMetrics.
 *
 * The highest weight wins; at equal weights the type that is named wins over one that only a
 * wildcard covers, and text over OpenMetrics.
 */
export function wantsOpenMetrics(accept: string | null | undefined): boolean {
  const preferences = parsePreferences(accept);
  const text = weigh(preferences, "text/plain", "0.0.4");
  const openMetrics = weigh(preferences, "application/openmetrics-text", "1.0.0");
  if (openMetrics.quality !== text.quality) return openMetrics.quality > text.quality;
  return openMetrics.quality > 0 && openMetrics.specificity > text.specificity;
}

/** Whether a scrape wants gzip: it has a weight, and identity has no higher one of its own. */
export function wantsGzip(acceptEncoding: string | null | undefined): boolean {
  const preferences = parsePreferences(acceptEncoding);
  const qualityOf = (name: string) => preferences.find((each) => each.name === name)?.quality;
  const gzip = qualityOf("gzip") ?? qualityOf("x-gzip") ?? qualityOf("*") ?? 0;
  return gzip > 0 && gzip >= (qualityOf("identity") ?? 0);
}

/** The weight of a media type, taken from the most specific range that covers it. */
function weigh(
  preferences: readonly Preference[],
  type: string,
  version: string,
): { readonly quality: number; readonly specificity: number } {
  const ranges = ["*/*", `${type.slice(0, type.indexOf("/"))}/*`, type];
  let quality = 0;
  let specificity = -1;
  for (const preference of preferences) {
    const versioned = preference.version !== undefined;
    if (versioned && preference.version !== version) continue;
    const range = ranges.indexOf(preference.name);
    const found = range === 2 && versioned ? 3 : range;
    if (range < 0 || found < specificity) continue;
    quality = found === specificity ? Math.max(quality, preference.quality) : preference.quality;
    specificity = found;
  }
  return { quality, specificity: Math.min(specificity, 2) };
}

function parsePreferences(header: string | null | undefined): Preference[] {
  if (typeof header !== "string") return [];
  return header.slice(0, HEADER_CHARACTERS_MAX).split(",").map(parsePreference);
}

function parsePreference(element: string): Preference {
  const [name = "", ...parameters] = element.split(";").map((part) => part.trim().toLowerCase());
  return {
    name,
    version: parameterOf(parameters, "version"),
    quality: parseQuality(parameterOf(parameters, "q")),
  };
}

function parameterOf(parameters: readonly string[], key: string): string | undefined {
  const found = parameters.find((parameter) => parameter.startsWith(`${key}=`));
  return found?.slice(key.length + 1).replace(/^"(.*)"$/, "$1");
}

/** A weight as RFC 9110 §12.4.2 writes it; anything else counts as 0. */
function parseQuality(text: string | undefined): number {
  if (text === undefined) return 1;
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}
