/**
 * What a hooked guest pays: the same loop untouched and hooked, in turn, in one process; off, and
 * while a trace is made at sampling rate 1e-4 without a cap.
 */
import { type Loops, openPair, type Stacks } from "./churn.js";
import { compareClosely } from "./measure.js";
import { type Result, type Row, UNTOUCHED } from "./row.js";

interface Setup {
  /** Name of the guest. */
  readonly guest: string;
  /** @default "churn" */
  readonly loop?: keyof Loops;
  /** @default "engine" */
  readonly stacks?: Stacks;
  /** Off without one. */
  readonly rate?: number;
}

/** Differences of a few per cent need many short rounds: most are left alone by the machine. */
const OFF_ROUNDS = { rounds: 101, roundMs: 4 };
/** Long enough for hundreds of samples, and for what they leave to the garbage collector. */
const TRACED_ROUNDS = { rounds: 21, roundMs: 25 };

/** Rounds of a loop that make sure both sides run optimized code. */
const WARM_UP_CALLS = 200;

/** How often a guest is compiled anew; the edition in the middle counts. */
const EDITIONS = 5;

/** The ratio of hooked to untouched. */
async function compare(setup: Setup): Promise<Result> {
  const results: Result[] = [];
  for (let edition = 0; edition < EDITIONS; edition++) {
    results.push(await compareEdition(setup, edition));
  }
  const overhead = ({ ours, peer = Number.NaN }: Result) => ours / peer;
  results.sort((one, other) => overhead(one) - overhead(other));
  return results[EDITIONS >> 1] as Result;
}

async function compareEdition(
  { guest, loop = "churn", stacks = "engine", rate }: Setup,
  edition: number,
): Promise<Result> {
  const { untouched, hooked, traceAt, close } = await openPair(guest, stacks, edition);
  warmUp(untouched, loop);
  warmUp(hooked, loop);
  if (rate !== undefined) await traceAt(rate);
  const { oursNs, peerNs } = await compareClosely(
    (count) => void hooked[loop](count),
    (count) => void untouched[loop](count),
    rate === undefined ? OFF_ROUNDS : TRACED_ROUNDS,
  );
  await close(rate !== undefined);
  return { ours: oursNs, peer: peerNs };
}

/** The loop is optimized function by function, as each is called often enough. */
function warmUp(loops: Loops, loop: keyof Loops): void {
  for (let call = 0; call < WARM_UP_CALLS; call++) loops[loop](10);
}

/**
 * One sample with its encoding, and with the free of its block: the difference that sampling rate 1
 * makes to malloc(16) and free, 12 frames deep.
 */
async function sampleOnce(): Promise<Result> {
  const { untouched, hooked, traceAt, close } = await openPair("c-churn", "shadow");
  warmUp(untouched, "deep");
  warmUp(hooked, "deep");
  await traceAt(1);
  const { oursNs, peerNs } = await compareClosely(
    (count) => void hooked.deep(count),
    (count) => void untouched.deep(count),
  );
  await close(true);
  return { ours: oursNs - peerNs };
}

export const MEMTRACE_OVERHEAD_ROWS: readonly Row[] = [
  row("memtrace_off_overhead_c", { guest: "c-churn" }, 3),
  row("memtrace_off_overhead_rust", { guest: "rust-churn" }, 3),
  row("memtrace_off_overhead_assemblyscript", { guest: "as-churn" }, 3),
  row("memtrace_off_overhead_tight", { guest: "c-churn", loop: "tight" }, 12),
  row("memtrace_1e-4_overhead", { guest: "as-churn", rate: 1e-4 }, 20),
  row("memtrace_1e-4_overhead_shadow_c", { guest: "c-churn", stacks: "shadow", rate: 1e-4 }, 25),
  row(
    "memtrace_1e-4_overhead_shadow_assemblyscript",
    { guest: "as-churn", stacks: "shadow", rate: 1e-4 },
    15,
  ),
  { name: "memtrace_sample_shadow", oursMax: 2500, run: sampleOnce },
];

function row(name: string, setup: Setup, overheadMax: number): Row {
  return { name, peer: UNTOUCHED, overheadMax, run: () => compare(setup) };
}
