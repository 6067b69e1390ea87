/**
 * A guest in an endless loop that never calls WASI: still scraped, still commanded.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LISTENING, runWmon, Wmon } from "../host/wmon.js";
import { guestPath } from "./guest.js";

test("a guest in while(true) is scraped and sees a new level", async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, "--log-level", "info", guestPath("busy")]);
  const url = await wmon.metrics();
  const control = await wmon.control();
  const command = async (text: string) => {
    const { stdout } = await runWmon(t, ["ctl", "--to", control, text]);
    assert.equal(stdout.trim(), "ok", text);
  };

  await scraped(url, "busy_level", (value) => value === 4);
  await command("L*:debug");
  await scraped(url, "busy_level", (value) => value === 5);
  await wmon.printed(/(debug is on)/);
  await command("Lbusy:quiet");
  await scraped(url, "busy_level", (value) => value === 0);

  const before = await scraped(url, "busy_loops_total", (value) => value > 0);
  await scraped(url, "busy_loops_total", (value) => value > before);
  await command("M*:disable");
  assert.doesNotMatch(await (await fetch(url)).text(), /^busy/m);
  await command("M*:enable");
  await scraped(url, "busy_loops_total", (value) => value > before);
});

/** Scrapes until the sample without labels is as `accepts` wants it. The runner bounds the time. */
async function scraped(url: string, name: string, accepts: (value: number) => boolean) {
  for (;;) {
    const body = await (await fetch(url)).text();
    const value = Number(new RegExp(`^${name} (\\S+)$`, "m").exec(body)?.[1]);
    if (accepts(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
