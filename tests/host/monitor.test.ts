/**
 * A monitor's life: what is wrong is said when it is made, and after the close nothing begins.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor, MonitorError, type MonitorOptions } from "../../host/index.js";

function hasCode(code: string) {
  return (error: unknown) => error instanceof MonitorError && error.code === code;
}

for (const logs of [{ to: "bogus" }, { to: "" }, { format: "xml" }, { to: "syslog+udp://" }]) {
  test(`logs ${JSON.stringify(logs)} is refused when the monitor is made`, async () => {
    await assert.rejects(createMonitor({ logs } as MonitorOptions), MonitorError);
  });
}

test("after close no default sources begin, whether it was before or meanwhile", async () => {
  const monitor = await createMonitor();
  const adding = monitor.addDefaultSources();
  const closing = monitor.close();
  await assert.rejects(adding, hasCode("CLOSED"));
  await closing;
  await assert.rejects(monitor.addDefaultSources(), hasCode("CLOSED"));
});

test("a counter source does not take a name of the monitor's own", async () => {
  const monitor = await createMonitor();
  const taking = () => monitor.counterSource({ name: "logs", keyOf: String });
  assert.throws(taking, hasCode("NAME_TAKEN"));
  assert.match(Buffer.from(monitor.influx()).toString(), /^logs warnings=0i,errors=0i /m);
  await monitor.close();
});
