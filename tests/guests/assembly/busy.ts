/**
 * A guest in an endless loop without a WASI call: it must still be scraped, pushed and commanded.
 * Reports in `busy_level` the most talkative level that passes, in `busy_loops_total` its turns.
 */
import { Counter, Gauge, Level, Log } from "../../../assembly/guest";

const loops = new Counter("busy_loops_total", "Turns of the loop.");
const level = new Gauge("busy_level", "The most talkative level that passes.");
const changes = new Counter("busy_level_changes_total", "Times that the level was seen to change.");
const log = new Log("busy");

let seen: i32 = -1;
while (true) {
  loops.inc();
  const now = talkativeLevel();
  if (now === seen) continue;
  seen = now;
  changes.inc();
  level.set(<f64>now);
  log.debug("debug is on");
}

function talkativeLevel(): i32 {
  for (let candidate: i32 = Level.Debug; candidate > Level.Quiet; candidate--) {
    if (log.passes(candidate)) return candidate;
  }
  return Level.Quiet;
}
