/**
 * What has to be said in sentences: how good the estimates are, and what is not shown.
 */
import { formatCount, formatNumber, formatPercent, formatShare } from "./format.js";
import type { Report } from "./report.js";

/** What a sampling rate means. */
export function sayRate(rate: number): string {
  if (rate >= 1) return "1: every word";
  return `${rate}: a word in ${formatCount(Math.round(1 / rate))}, at random`;
}

/** How far estimates are off. */
export function sayError(report: Report): string {
  const { total, facts } = report.content;
  if (facts.samplingRate >= 1) return "None: every word was sampled.";
  const [many, few] = [report.error(10_000), report.error(100)];
  const rule =
    `19 times of 20, an estimate from 10,000 samples is within ${many} of the truth, ` +
    `from 100 within ${few}.`;
  if (total.allocated === 0) return rule;
  const live = report.error(total.live) || "nothing sampled";
  const allocated = report.error(total.allocated);
  return `${rule} All that was allocated: ${allocated}; live at the end: ${live}.`;
}

/** What the flame graph does not show. */
export function sayPruned(report: Report): string {
  const { pruned, total } = report.content;
  const { branchCount, deepCount, depthMax } = pruned;
  if (branchCount + deepCount === 0) return "Nothing: it has every frame.";
  const branches = (count: number) => formatNumber(count, "branch", "branches");
  const percent = formatPercent(Number((100 * pruned.share).toPrecision(1)));
  const what = [
    ...(branchCount > 0
      ? [`${branches(branchCount)} with at most ${percent} of the bytes each`]
      : []),
    ...(deepCount > 0
      ? [`${branches(deepCount)} deeper than ${formatCount(depthMax)} frames`]
      : []),
  ];
  const allocated = formatShare(pruned.samples.allocated, total.allocated);
  const live = formatShare(pruned.samples.live, total.live);
  const together = `together ${allocated} of the allocated and ${live} of the live bytes`;
  return `${what.join(", and ")}; ${together}. Their bytes count in their callers.`;
}
