/**
 * `promtool check metrics` finds nothing in what we expose. It reads the text format only.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor } from "../../host/index.js";
import { registerEverything, UNHEARD } from "./everything.js";
import { missing } from "./program.js";
import { findingsOf } from "./promtool.js";

test("promtool finds nothing in a monitor with everything", {
  skip: missing("promtool"),
}, async (t) => {
  const monitor = await createMonitor({
    prometheus: "tcp:127.0.0.1:0",
    control: "tcp:127.0.0.1:0",
    push: "tcp://127.0.0.1:1",
    defaultSources: true,
    logs: UNHEARD,
  });
  t.after(() => monitor.close());
  registerEverything(monitor);
  const text = new TextDecoder().decode(monitor.prometheus());
  assert.match(text, /^prometheus_logs_messages_total\{[^}]*\} 1$/m);
  assert.deepEqual(await findingsOf(text), []);
});
