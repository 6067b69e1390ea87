/**
 * A monitor with every kind of instrument, tricky names and texts among them, for tests that look
 * at a whole exposition.
 */
import type { LogOptions, Monitor } from "../../host/index.js";

/** Where the log messages of a test go: nobody listens there. */
export const UNHEARD: LogOptions = { to: "syslog+udp://127.0.0.1:9" };

/** Registers one of each, with values. */
export function registerEverything(monitor: Monitor): void {
  registerSources(monitor);
  registerFamilies(monitor);
  const replies = monitor.counterSource<number>({
    name: "http_response",
    help: "Replies by class",
    keyOf: (status) => `${Math.floor(status / 100)}xx`,
    keys: ["1xx", "2xx", "3xx", "4xx", "5xx"],
  });
  for (const status of [200, 204, 404]) replies.count(status);
  monitor.log("dns").error("no resolver");
  monitor.log('"tricky"\\').warning("not heard");
}

function registerSources(monitor: Monitor): void {
  monitor.source({ name: "helpless", fields: [{ key: "word", type: "text" }] });
  monitor
    .source({
      name: "kinds",
      help: "One field of each type",
      fields: [
        { key: "bool", type: "bool" },
        { key: "real", type: "f64" },
        { key: "signed", type: "i64" },
        { key: "unsigned", type: "u64" },
        { key: "age", type: "duration", help: "Time since the start." },
        { key: "packets", type: "counter" },
        { key: "received", type: "counter", unit: "bytes" },
        { key: "work done", type: "float-counter" },
        { key: "open", type: "gauge" },
        { key: "load-avg", type: "float-gauge", unit: "ratio" },
        { key: "state", type: "text" },
        { key: "latency", type: "histogram", unit: "seconds" },
        { key: "size", type: "summary", quantiles: [0, 0.5, 0.99, 1] },
      ],
    })
    .report({ bool: true, real: 0.1, signed: -(2n ** 63n), unsigned: 2n ** 64n - 1n, age: 15e8 });
  const tricky = monitor.source({
    name: 'net rx "größe"',
    help: 'All of \\ and "\nand é',
    prefix: "wasm_net",
    tags: ["if name", "größe"],
    fields: [
      { key: "net rx bytes", type: "counter" },
      { key: "2nd", type: "gauge" },
      { key: "text", type: "text" },
      { key: "other text", type: "text" },
    ],
  });
  for (const value of ['a"b\\', "new\nline", "", "é🔥", "a,b={}"]) {
    const series = tricky.series({ "if name": value, größe: 1 });
    series.report({ "net rx bytes": 3, "2nd": 2, text: value, "other text": "" });
  }
}

function registerFamilies(monitor: Monitor): void {
  const help = "For the test.";
  const labels = ["method", "code"];
  const requests = monitor.counter({ namespace: "app", name: "requests", help, labels });
  requests.inc({ method: "GET", code: 200 }, 3);
  requests.inc({ method: "POST", code: 500 }, 0.5);
  monitor.counter({ name: "events_total", help }).inc();
  monitor
    .counter({ name: "Mirage_qcow_reads", help, labels: ["id"], exactName: true })
    .inc({ id: 1 });
  const load = monitor.gauge({ name: "load", help, labels: ["core"] });
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21, 5e-324];
  for (const [core, value] of odd.entries()) load.set({ core }, value);
  const waits = monitor.histogram({ name: "wait_seconds", help, labels: ["queue"] });
  for (let i = 1; i <= 100; i++) waits.observe({ queue: i % 2 ? "odd" : "even" }, i / 100);
  monitor.histogram({ name: "sizes", help, bounds: [-1, 0, 1e-7, 1e6, 1e21] }).observe(-5);
  const delays = monitor.summary({ name: "delay_seconds", help, quantiles: [0.5, 0.9] });
  for (let i = 1; i <= 100; i++) delays.observe(i);
  monitor.summary({ name: "plain", help }).observe(1);
}
