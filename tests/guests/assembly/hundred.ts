/**
 * A guest that registers 100 sources with three series of two fields each, then ends.
 * Source `unit_<i>` has tag `part` in a, b, c; `count` is i of each, `load` is i / 8.
 */
import { Source } from "../../../assembly/guest";

const PARTS: string[] = ["a", "b", "c"];

for (let i = 0; i < 100; i++) {
  const source = new Source(`unit_${i}`, "One of a hundred.", ["part"]);
  const count = source.counter("count", "The number of the unit.");
  const load = source.float("load", "An eighth of it.");
  for (let j = 0; j < PARTS.length; j++) {
    const series = source.series([PARTS[j]]);
    count.of(series).inc(<f64>i);
    load.of(series).set(<f64>i / 8);
  }
}
