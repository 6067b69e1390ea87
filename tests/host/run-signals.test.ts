/**
 * `wmon run`: a signal ends any guest, and what it counted is pushed once more.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { COPYING, SLEEPING, SPINNING } from "./guest-text.js";
import { LineReceiver } from "./line-receiver.js";
import { until } from "./until.js";
import { guestFile, LISTENING, QUIET, Wmon } from "./wmon.js";

const GUESTS = [
  ["a guest that spins", SPINNING],
  ["a guest that sleeps", SLEEPING],
  ["a guest that waits for standard input", COPYING],
] as const;

const SIGNALS = [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const;

for (const [what, text] of GUESTS) {
  for (const [signal, code] of SIGNALS) {
    test(`run: ${signal} ends ${what} with ${code}`, async (t) => {
      const wmon = new Wmon(t, ["run", ...LISTENING, guestFile(t, text)]);
      await wmon.metrics();
      wmon.child.kill(signal);
      assert.deepEqual(await wmon.ended, { code, signal: null });
    });
  }
}

test("run: the sandbox ends by a signal, too", async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, "--sandbox", guestFile(t, SLEEPING)]);
  await wmon.metrics();
  wmon.child.kill("SIGTERM");
  assert.deepEqual(await wmon.ended, { code: 143, signal: null });
});

test("run: the last push follows the signal, and says that the guest is gone", async (t) => {
  const receiver = await new LineReceiver().start();
  t.after(() => receiver.stop());
  const args = ["--push", receiver.url, "--interval", "1h", "--hostname", "h 1"];
  const wmon = new Wmon(t, ["run", ...QUIET, ...args, guestFile(t, SPINNING)]);
  await until("the first push is there", () => receiver.lines.some((line) => isGuest(line)));
  wmon.child.kill("SIGTERM");
  assert.equal((await wmon.ended).code, 143);
  await until("the last push is there", () => receiver.lines.filter(isGuest).length === 2);
  assert.match(receiver.lines.findLast(isGuest) ?? "", /^guest,vm=h\\ 1 .*running=false/);
});

test("run: a receiver that takes nothing delays the end by two seconds at most", async (t) => {
  const receiver = await new LineReceiver({ isDeaf: true }).start();
  t.after(() => receiver.stop());
  const wmon = new Wmon(t, ["run", ...LISTENING, "--push", receiver.url, guestFile(t, SPINNING)]);
  await wmon.metrics();
  wmon.child.kill("SIGTERM");
  assert.equal((await wmon.ended).code, 143);
});

function isGuest(line: string): boolean {
  return line.startsWith("guest,");
}
