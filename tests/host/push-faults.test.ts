// A receiver process is killed and started again every two seconds for a minute while lines are
// pushed at it; what it wrote to its file is compared with what was encoded.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { nodePlatform } from "../../host/platforms/node.js";
import { createPush } from "../../host/push/push.js";
import { type LineProcess, startLineProcess } from "./line-process.js";
import { ReportSource } from "./report-source.js";
import { until } from "./until.js";

const DURATION_MS = 60_000;
const LIFE_MS = 2_000;
const folder = mkdtempSync(join(tmpdir(), "faults-"));
const file = join(folder, "lines");
let receiver: LineProcess | undefined;
after(() => {
  receiver?.child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function killReceiver(): Promise<void> {
  if (!receiver) return;
  const exited = once(receiver.child, "exit");
  receiver.child.kill("SIGKILL");
  await exited;
}

test("a receiver killed every two seconds for a minute gets every line", async () => {
  receiver = await startLineProcess(file, 0);
  const { port } = receiver;
  const source = new ReportSource(600, 40);
  const push = createPush({
    platform: nodePlatform,
    receivers: [{ url: `tcp://127.0.0.1:${port}` }],
    encode: source.encode,
    intervalMs: 400,
    backoffMinMs: 50,
    backoffMaxMs: 500,
  });
  const [stats] = push.stats;
  assert.ok(stats);
  push.start();
  for (let elapsedMs = 0; elapsedMs < DURATION_MS; elapsedMs += LIFE_MS) {
    await new Promise((resolve) => setTimeout(resolve, LIFE_MS));
    await killReceiver();
    // Absent for a while in every other round.
    if (elapsedMs % (2 * LIFE_MS) === 0) await new Promise((resolve) => setTimeout(resolve, 300));
    receiver = await startLineProcess(file, port);
  }
  const { sentLines } = stats;
  await until("lines flow again", () => stats.connected === 1 && stats.sentLines > sentLines);
  await push.close();
  const received = () => new Set(readFileSync(file, "latin1").split("\n"));
  const lastLine = source.lines.at(-1) ?? "";
  await until("the last line is written", () => received().has(lastLine));

  const arrived = received();
  const missing = source.lines.filter((line) => !arrived.has(line));
  assert.ok(stats.reconnects >= 25, `${stats.reconnects} reconnects`);
  assert.ok(stats.resentLines > 0);
  assert.equal(stats.droppedLines, 0, "the buffer had room for all of it");
  assert.deepEqual(missing, []);
  // Nothing else than what was encoded is on file: a repeat is the same line with the same time.
  arrived.delete("");
  assert.equal(arrived.size, source.lines.length);
});
