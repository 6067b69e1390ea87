/**
 * The least that a report shows: a share of all, or an amount of bytes.
 */

/** One of the two. */
export type Threshold = { readonly share: number } | { readonly bytes: number };

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Reads `1%`, `4096`, `64KiB`, `1.5MB`; undefined for anything else and over 100 %. */
export function parseThreshold(text: string): Threshold | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?|\.\d+)(%|[kMG]?B|[KMG]iB)?$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (unit === "%") return value <= 100 ? { share: value / 100 } : undefined;
  return { bytes: value * (UNITS[unit ?? ""] ?? 1) };
}

/** The least samples that reach a threshold; `of` says what there is. */
export function samplesMin(
  threshold: Threshold,
  of: { readonly samples: number; readonly bytesPerSample: number },
): number {
  return "share" in threshold ? threshold.share * of.samples : threshold.bytes / of.bytesPerSample;
}
