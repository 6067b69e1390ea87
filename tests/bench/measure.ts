/**
 * Alternating rounds: ours, peer, ours, peer, …, so that a slow second of the machine hits both.
 * The result is the median round, in nanoseconds an operation.
 */

/** Does `count` operations. Whatever it computes must be observable, or the compiler removes it. */
export type Body = (count: number) => void | Promise<void>;

export interface Timing {
  readonly oursNs: number;
  readonly peerNs: number;
}

export interface Rounds {
  /** Rounds a side. @default 21 */
  readonly rounds?: number;
  /** Time a round should take, in milliseconds; the operation count follows. @default 20 */
  readonly roundMs?: number;
}

const ROUNDS = 21;
const ROUND_MS = 20;

/** Times two bodies in alternating rounds, after calibrating and warming up each. */
export async function alternate(ours: Body, peer: Body, options: Rounds = {}): Promise<Timing> {
  const { rounds = ROUNDS, roundMs = ROUND_MS } = options;
  const oursCount = await calibrate(ours, roundMs);
  const peerCount = await calibrate(peer, roundMs);
  const oursTimes: number[] = [];
  const peerTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    oursTimes.push(await nsEach(ours, oursCount));
    peerTimes.push(await nsEach(peer, peerCount));
  }
  return { oursNs: median(oursTimes), peerNs: median(peerTimes) };
}

/**
 * Times two bodies that differ by a few per cent: rounds in pairs, whose order changes, and the
 * median of their ratios, which a slow second of the machine does not move. Lets timers and sockets
 * run between rounds. `oursNs` is `peerNs` times that ratio.
 */
export async function compareClosely(
  ours: Body,
  peer: Body,
  { rounds = ROUNDS, roundMs = ROUND_MS }: Rounds = {},
): Promise<Timing> {
  await calibrate(ours, roundMs);
  const count = await calibrate(peer, roundMs);
  const ratios: number[] = [];
  const peerTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const bodies = round % 2 === 0 ? [ours, peer] : [peer, ours];
    const times: number[] = [];
    for (const body of bodies) {
      await new Promise((resolve) => setImmediate(resolve));
      times.push(await nsEach(body, count));
    }
    const [oursNs = 0, peerNs = 0] = round % 2 === 0 ? times : times.toReversed();
    ratios.push(oursNs / peerNs);
    peerTimes.push(peerNs);
  }
  const peerNs = median(peerTimes);
  return { oursNs: peerNs * median(ratios), peerNs };
}

/** Times one body that has no peer. */
export async function alone(body: Body, options: Rounds = {}): Promise<number> {
  const { rounds = ROUNDS, roundMs = ROUND_MS } = options;
  const count = await calibrate(body, roundMs);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await nsEach(body, count));
  return median(times);
}

/** The middle value; of an even count, the upper middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? Number.NaN;
}

/** Doubles the count until a run fills the round, which also warms the code up. */
async function calibrate(body: Body, roundMs: number): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const ns = (await nsEach(body, count)) * count;
    if (ns >= (roundMs / 2) * 1e6) return Math.max(1, Math.round((count * roundMs * 1e6) / ns));
  }
}

async function nsEach(body: Body, count: number): Promise<number> {
  globalThis.gc?.();
  const begin = process.hrtime.bigint();
  const pending = body(count);
  if (pending !== undefined) await pending;
  return Number(process.hrtime.bigint() - begin) / count;
}
