/**
 * `nodejs_eventloop_lag_*`: how late the event loop is. A timer of 10 ms inside Node records when
 * it really fires, so an idle loop shows 0.010, as in prom-client, whose dashboards expect that.
 * The timer never keeps the process alive.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Gauge, Part, Registrar } from "./registrar.js";

const RESOLUTION_MS = 10;
/** A gather sooner than this after the last finds the numbers of that one: too few are new. */
const WINDOW_MS_MIN = 1000;

const STATISTICS: readonly (readonly [
  suffix: string,
  help: string,
  read: (delays: IntervalHistogram) => number,
])[] = [
  ["min", "The minimum recorded event loop delay.", (delays) => delays.min],
  ["max", "The maximum recorded event loop delay.", (delays) => delays.max],
  ["mean", "The mean of the recorded event loop delays.", (delays) => delays.mean],
  [
    "stddev",
    "The standard deviation of the recorded event loop delays.",
    (delays) => delays.stddev,
  ],
  [
    "p50",
    "The 50th percentile of the recorded event loop delays.",
    (delays) => delays.percentile(50),
  ],
  [
    "p90",
    "The 90th percentile of the recorded event loop delays.",
    (delays) => delays.percentile(90),
  ],
  [
    "p99",
    "The 99th percentile of the recorded event loop delays.",
    (delays) => delays.percentile(99),
  ],
];

/** Registers the lag found at the last gather: from asking for a turn to getting it. */
export function registerLag(registrar: Registrar): Part {
  const lag = registrar.gauge({
    name: "nodejs_eventloop_lag_seconds",
    help: "Lag of event loop in seconds.",
  });
  let turn: NodeJS.Immediate | undefined;
  return {
    instruments: [lag],
    stop: () => clearImmediate(turn), // a closed monitor takes no values
    refresh() {
      const askedMs = performance.now();
      clearImmediate(turn);
      turn = setImmediate(() => lag.set((performance.now() - askedMs) / 1000)).unref();
    },
  };
}

/**
 * Registers statistics of the delays since the gather before, over a second or more; 0 until the
 * second gather.
 */
export function registerDelays(registrar: Registrar): Part {
  const shown = STATISTICS.map(([suffix, help, read]) => ({
    gauge: registrar.gauge({ name: `nodejs_eventloop_lag_${suffix}_seconds`, help }),
    read,
  }));
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let shownAtMs = Number.NEGATIVE_INFINITY;
  return {
    instruments: shown.map(({ gauge }) => gauge),
    stop() {
      delays.disable();
      delays.reset(); // what comes before a stop says nothing about the time after
    },
    refresh() {
      delays.enable(); // begins at the first gather: 100 wake-ups a second are not for nobody
      const nowMs = performance.now();
      if (delays.count === 0 || nowMs - shownAtMs < WINDOW_MS_MIN) return;
      showDelays(delays, shown);
      delays.reset();
      shownAtMs = nowMs;
    },
  };
}

function showDelays(
  delays: IntervalHistogram,
  shown: readonly { readonly gauge: Gauge; read(delays: IntervalHistogram): number }[],
): void {
  for (const { gauge, read } of shown) {
    if (gauge.active !== false) gauge.set(read(delays) / 1e9);
  }
}
