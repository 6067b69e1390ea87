/**
 * A guest that writes each kind of field once, logs at each level, and ends.
 * README.md of the tests' folder lists what it leaves behind.
 */
import { Counter, Gauge, Histogram, Log, Source, Summary } from "../../../assembly/guest";

new Counter("kinds_requests_total", "A counter with labels.", ["method"]).labels(["GET"]).inc(2);
new Gauge("kinds_queue", "A gauge.").set(-1.5);
const seconds = new Histogram("kinds_seconds", "A histogram.", [], [0.1, 1]);
seconds.observe(0.1);
seconds.observe(5);
new Summary("kinds_bytes", "A summary.", [], [0.5]).observe(10);

const source = new Source("kinds", "Every type of field.", ["id"]);
const flag = source.flag("flag", "A boolean.");
const float = source.float("float", "A float.");
const integer = source.integer("integer", "A signed integer.");
const unsigned = source.unsigned("unsigned", "An unsigned integer.");
const duration = source.duration("duration", "A duration.");
const counter = source.counter("counter", "A counter.");
const gauge = source.gauge("gauge", "A gauge.");
const text = source.text("text", "A text.", 8);
const one = source.series(["one"]);
flag.of(one).set(1);
float.of(one).set(0.1);
integer.of(one).set(-((<i64>1) << 53) - 1); // no f64 holds it
unsigned.of(one).set(<i64>u64.MAX_VALUE);
duration.of(one).set(1500000000);
counter.of(one).inc(7);
gauge.of(one).set(3);
text.of(one).set("zwölf Ähren"); // cut to 8 bytes, on a character: "zwölf "

const log = new Log("kinds");
log.app("at app");
log.error("at error");
log.warning("at warning");
log.info("at info");
log.debug("at debug");
