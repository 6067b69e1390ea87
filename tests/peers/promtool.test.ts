/**
 * `promtool check metrics` finds nothing in what we expose. It reads the text format only.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { registerEverything } from "./everything.js";
import { missing } from "./program.js";
import { checkMetrics } from "./prometheus.js";

/** What promtool says of names that are as they are for others' dashboards. */
const EXCEPTIONS: readonly string[] = [
  // prom-client's names.
  'nodejs_active_handles_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_requests_total non-counter metrics should not have "_total" suffix',
  'nodejs_active_resources_total non-counter metrics should not have "_total" suffix',
  // The original's field, in its unit.
  'resource_usage_maxrss_kibibytes use base unit "bytes" instead of "kibibytes"',
  // Asked for an exact name.
  'Mirage_qcow_reads counter metrics should have "_total" suffix',
];

test("promtool finds nothing in a monitor with everything", {
  skip: missing("promtool"),
}, async (t) => {
  const monitor = await createMonitor({
    prometheus: "tcp:127.0.0.1:0",
    control: "tcp:127.0.0.1:0",
    push: "tcp://127.0.0.1:1",
    defaultSources: true,
    logLevels: "*:error",
  });
  t.after(() => monitor.close());
  registerEverything(monitor);
  const { output } = await checkMetrics(new TextDecoder().decode(monitor.prometheus()));
  const findings = output.split("\n").filter((line) => line !== "");
  assert.deepEqual(
    findings.filter((finding) => !EXCEPTIONS.includes(finding)),
    [],
  );
});
