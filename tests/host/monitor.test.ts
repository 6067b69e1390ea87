/**
 * A monitor's life: what is wrong is said when it is made, and after the close nothing begins.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMonitor, MonitorError, type MonitorOptions } from "../../host/index.js";
import { nodePlatform } from "../../host/platforms/node.js";

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

test("stamps differ though the clock stands still; one set back is believed", async () => {
  const readings = [5_000_000n, 5_000_000n, 5_000_000n, 6_000_000n, 1_000_000n, 1_000_000n];
  const platform = { ...nodePlatform, nowNs: () => readings.shift() ?? 0n };
  const monitor = await createMonitor({ platform });
  monitor.source({ name: "still", fields: [{ key: "n", type: "gauge" }] }).report({ n: 1 });
  const stamps = Array.from({ length: 6 }, () => {
    const line = /^still .* (\d+)$/m.exec(Buffer.from(monitor.influx()).toString());
    return Number(line?.[1]);
  });
  assert.deepEqual(stamps, [5_000_000, 5_000_001, 5_000_002, 6_000_000, 1_000_000, 1_000_001]);
  await monitor.close();
});
