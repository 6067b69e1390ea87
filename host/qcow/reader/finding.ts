/**
 * What a check found wrong, counted by kind; of each kind the first are kept in words.
 */

/** Kinds of findings, and whether they endanger data or only waste space. */
export const FINDING_KINDS = {
  "refcount-too-low": "corruption",
  leak: "leak",
  overlap: "corruption",
  "past-end": "corruption",
  misaligned: "corruption",
  "reserved-bits": "corruption",
  "copied-flag": "corruption",
  "zero-in-version-2": "corruption",
  "corrupt-bit": "corruption",
  snapshot: "corruption",
  bitmap: "corruption",
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  /** Byte of the file where what is wrong lies, or leads to. */
  readonly offset: number;
  /** Neighbouring clusters that are wrong alike count each; 1 otherwise. */
  readonly count: number;
  readonly message: string;
}

/** The findings of a check. */
export class Findings {
  /** The first of each kind. */
  readonly kept: Finding[] = [];
  readonly #counts = new Map<FindingKind, number>();
  readonly #keptCounts = new Map<FindingKind, number>();

  /** `keptMax` of each kind are kept in words; the others are counted. */
  constructor(private readonly keptMax: number) {}

  add(kind: FindingKind, offset: number, message: () => string, count = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    const kept = this.#keptCounts.get(kind) ?? 0;
    if (kept >= this.keptMax) return;
    this.#keptCounts.set(kind, kept + 1);
    this.kept.push({ kind, offset, count, message: message() });
  }

  /** Findings by kind; kinds without any are absent. */
  counts(): Partial<Record<FindingKind, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Findings that endanger data, or those that waste space. */
  total(severity: "corruption" | "leak"): number {
    let total = 0;
    for (const [kind, count] of this.#counts) {
      if (FINDING_KINDS[kind] === severity) total += count;
    }
    return total;
  }
}

/** An offset as it is printed. */
export function hex(offset: number): string {
  return `0x${offset.toString(16)}`;
}
