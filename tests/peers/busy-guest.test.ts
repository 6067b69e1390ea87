/**
 * A guest in `while(true)` under `wmon run`: a real Prometheus scrapes it, a real VictoriaMetrics
 * gets its pushes, and it obeys the control port.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { guestFile, runWmon, Wmon } from "../host/wmon.js";
import { parseExposition } from "./exposition.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { openPrometheus } from "./prometheus.js";
import { findingsOf } from "./promtool.js";
import { spinningGuest } from "./spinning-guest.js";
import { openVictoriaMetrics, type VictoriaMetrics } from "./victoria-metrics.js";

const WAIT_MS_MAX = 20_000;
const FREE = ["--control", "tcp:127.0.0.1:0", "--prometheus", "tcp:127.0.0.1:0"];

describe("a guest in while(true)", { timeout: 90_000 }, () => {
  const peers = { skip: missing("prometheus", "victoria-metrics") };
  test("is scraped, pushed, switched off and on, and pushed last by SIGTERM", peers, async (t) => {
    const store = await openVictoriaMetrics();
    t.after(() => store.close());
    const push = ["--push", `tcp://127.0.0.1:${store.influxPort}`, "--interval", "250ms"];
    const guest = guestFile(t, spinningGuest());
    const wmon = new Wmon(t, ["run", ...FREE, ...push, "--hostname", "vm1", guest]);
    const target = new URL(await wmon.metrics()).host;
    const control = await wmon.control();
    const prometheus = await openPrometheus({ targets: [target] });
    t.after(() => prometheus.close());
    const command = async (text: string) => {
      const { stdout } = await runWmon(t, ["ctl", "--to", control, text]);
      assert.equal(stdout.trim(), "ok", text);
    };
    const until = (isDone: () => Promise<boolean>, what: string) =>
      waitUntil(isDone, () => what, WAIT_MS_MAX);
    const loops = async () => (await prometheus.query("busy_loops_total"))[0]?.value;

    await prometheus.waitUntilUp();
    const first = (await loops()) ?? 0;
    assert(first > 0);
    await until(async () => ((await loops()) ?? 0) > first, "the counter does not grow");
    assert.equal((await prometheus.query("guest_running"))[0]?.value, 1);

    await command("Mbusy:off");
    await until(async () => (await loops()) === undefined, "still scraped");
    const pushed = () => pushedTo(store, "busy_loops");
    const countOff = (await pushed()).length;
    assert(countOff >= 3, `${countOff} values pushed`);
    await command("Mbusy:on for 1h");
    await until(async () => ((await loops()) ?? 0) > first, "not scraped again");
    await until(async () => (await pushed()).length > countOff, "not pushed again");

    wmon.child.kill("SIGTERM");
    assert.equal((await wmon.ended).code, 143);
    const running = () => pushedTo(store, "guest_running");
    await until(async () => (await running()).at(-1) === 0, "no last push");
    const values = (await pushed()).map(Number);
    assert.deepEqual(
      values,
      [...values].sort((one, other) => one - other),
      "a counter that falls",
    );
  });

  test("is exposed without a finding of promtool", { skip: missing("promtool") }, async (t) => {
    const wmon = new Wmon(t, ["run", ...FREE, guestFile(t, spinningGuest())]);
    const url = await wmon.metrics();
    const scrape = async (accept: string) => (await fetch(url, { headers: { accept } })).text();
    await waitUntil(
      async () => (await scrape("text/plain")).includes("\nbusy_loops_total"),
      () => "the guest does not register",
    );
    const text = await scrape("text/plain");
    assert(parseExposition(text, "text").length > 50);
    parseExposition(await scrape("application/openmetrics-text"), "openmetrics");
    assert.deepEqual(await findingsOf(text), []);
  });
});

/** The values that a store has of the guest's one series of that name. */
async function pushedTo(store: VictoriaMetrics, name: string): Promise<readonly (number | null)[]> {
  await store.flush();
  return (await store.export(`{__name__="${name}",vm="vm1"}`))[0]?.values ?? [];
}
