/**
 * One of each instrument, with values that are awkward to print; every runtime must show the same.
 */
import { createEdgeMonitor, type EdgeMonitor, exponentialBounds } from "wasm-monitoring/edge";

/** A monitor with one of each instrument, a source of each field, and a switched-off one. */
export function instrumented(module: WebAssembly.Module): EdgeMonitor {
  const monitor = createEdgeMonitor({ module, instance: "1", metrics: "hidden_total:off" });
  const requests = monitor.counter({ name: "requests_total", help: "Some.", labels: ["path"] });
  requests.child({ path: 'a"b\\c\n' }).inc(3);
  requests.inc({ path: "zwölf" }, 0.1);
  monitor.gauge({ name: "queue", help: "Length." }).set(-1.5e300);
  const bounds = exponentialBounds(0.001, 4, 5);
  const seconds = monitor.histogram({ name: "seconds", help: "Time.", bounds });
  for (const value of [0.0005, 0.016, 0.3, 17]) seconds.observe(value);
  const bytes = monitor.summary({ name: "bytes", help: "Size.", quantiles: [0.5, 0.99] });
  for (let value = 1; value <= 100; value++) bytes.observe(value);
  monitor.counter({ name: "hidden_total", help: "Off." }).inc();
  const fields = monitor.source({
    name: "fields",
    help: "All kinds.",
    tags: ["id"],
    fields: [
      { key: "flag", type: "bool" },
      { key: "float", type: "f64" },
      { key: "duration", type: "duration" },
      { key: "text", type: "text" },
    ],
  });
  const one = fields.series({ id: "o=n,e" });
  one.report({ flag: true, float: 0.1 + 0.2, duration: 1_500_000_000, text: "zwölf" });
  return monitor;
}

/** The exposition of it, without what the monitor says of itself. */
export function expose(module: WebAssembly.Module): string {
  const text = new TextDecoder().decode(instrumented(module).prometheus());
  return text
    .split("\n")
    .filter((line) => !/^(# \w+ )?(monitor|logs|prometheus)_/.test(line))
    .join("\n");
}
