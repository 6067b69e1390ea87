/**
 * A plug-in that the Node program next to it calls: counts and logs through the program's monitor.
 */
import { Counter, Level, Log, Summary } from "../../assembly/guest";

const calls = new Counter("plugin_calls_total", "Calls, by parity of the argument.", ["parity"]);
const even = calls.labels(["even"]);
const odd = calls.labels(["odd"]);
const steps = new Summary("plugin_steps", "Steps until a number came down to 1.");
const log = new Log("plugin");

/** Steps of the Collatz sequence from `start`, at least 1, down to 1. */
export function collatz(start: u64): u32 {
  if (start % 2 === 0) even.inc();
  else odd.inc();
  let count: u32 = 0;
  for (let value = start; value > 1; count++) {
    value = value % 2 === 0 ? value / 2 : value * 3 + 1;
  }
  steps.observe(<f64>count);
  if (log.passes(Level.Debug)) log.debug(`${start}: ${count} steps`);
  return count;
}
