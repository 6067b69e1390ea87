/**
 * Thins out a series of points so that its picture stays the same: of each stretch of time the
 * lowest and the highest stay, so no peak is lost.
 */
import type { PagePoint } from "./data.js";

/** Twice what a wide screen can tell apart. */
const STRETCHES_MAX = 2_000;

interface SeriesColumns {
  readonly seconds: number[];
  readonly samples: number[];
}

/** At most two points of each of 2,000 stretches, and both ends; all where there are few. */
export function thinSeries(points: readonly PagePoint[]): SeriesColumns {
  const kept = points.length <= 2 * STRETCHES_MAX ? points : extremes(points);
  return {
    seconds: kept.map(({ seconds }) => seconds),
    samples: kept.map(({ samples }) => samples),
  };
}

function extremes(points: readonly PagePoint[]): PagePoint[] {
  const firstSeconds = points[0]?.seconds ?? 0;
  const lastSeconds = points.at(-1)?.seconds ?? 0;
  const seconds = lastSeconds - firstSeconds;
  const perSecond = seconds > 0 ? STRETCHES_MAX / seconds : 0;
  const kept: PagePoint[] = [];
  let from = 0;
  while (from < points.length) {
    const stretch = stretchOf(points, from, firstSeconds, perSecond);
    kept.push(...stretch.kept);
    from = stretch.until;
  }
  const [first, last] = [points[0], points.at(-1)];
  if (first !== undefined && kept[0] !== first) kept.unshift(first);
  if (last !== undefined && kept.at(-1) !== last) kept.push(last);
  return kept;
}

/** The extremes, in order of time, of the points that share a stretch with the one at `from`. */
function stretchOf(
  points: readonly PagePoint[],
  from: number,
  firstSeconds: number,
  perSecond: number,
): { readonly kept: PagePoint[]; readonly until: number } {
  const stretch = (index: number) =>
    Math.floor(((points[index]?.seconds ?? 0) - firstSeconds) * perSecond);
  const samples = (index: number) => points[index]?.samples ?? 0;
  let [lowest, highest, until] = [from, from, from + 1];
  for (; until < points.length && stretch(until) === stretch(from); until++) {
    if (samples(until) < samples(lowest)) lowest = until;
    if (samples(until) > samples(highest)) highest = until;
  }
  const order = lowest === highest ? [lowest] : [lowest, highest].sort((a, b) => a - b);
  return { kept: order.flatMap((index) => points[index] ?? []), until };
}
