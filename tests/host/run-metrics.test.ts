/**
 * `wmon run`: what a guest that knows nothing of us shows, and that a busy one silences nobody.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { guestPath, skipWithout } from "../guests/guest.js";
import { exiting, GROWING, SPEAKING, SPINNING, TRAPPING } from "./guest-text.js";
import { LineReceiver } from "./line-receiver.js";
import { until } from "./until.js";
import { guestFile, LISTENING, QUIET, runWmon, Wmon } from "./wmon.js";

test("run: memory, growths and high-water mark of any guest", async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, guestFile(t, GROWING)]);
  const body = await scrapeUntil(await wmon.metrics(), /^memory_growths_total 2$/m);
  assert.match(body, /^memory_linear_bytes 262144$/m);
  assert.match(body, /^memory_high_water_bytes 262144$/m);
});

test("run: WASI calls by name, compile and instantiate time, uptime of any guest", async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, guestFile(t, SPINNING)]);
  const body = await scrapeUntil(
    await wmon.metrics(),
    /^wasi_calls_total\{call="sched_yield"\} 1$/m,
  );
  assert.match(body, /^wasi_errors_total\{call="sched_yield"\} 0$/m);
  assert.match(body, /^wasi_duration_seconds_total\{call="sched_yield"\} \d/m);
  assert.match(body, /^guest_running 1$/m);
  for (const name of ["compile", "instantiate", "uptime"]) {
    assert.match(body, new RegExp(`^guest_${name}_seconds [\\d.e-]*[1-9]`, "m"));
  }
});

test("run: bytes and calls of a guest that ends are in the last push", async (t) => {
  const receiver = await new LineReceiver().start();
  t.after(() => receiver.stop());
  const args = ["run", ...QUIET, "--push", receiver.url, "--timestamps", "none"];
  await runWmon(t, [...args, guestFile(t, SPEAKING)]);
  const find = (start: string) => receiver.lines.findLast((line) => line.startsWith(start)) ?? "";
  await until("the last push is there", () => find("guest ").includes("running=false"));
  assert.equal(find("wasi_io "), "wasi_io read=0i,written=20i");
  assert.match(find("wasi,call=fd_write "), /^wasi,call=fd_write calls=2i,errors=0i,duration=/);
  assert.match(find("memory "), /^memory memory\\ linear\\ bytes=65536i,memory\\ growths=0i,/);
});

test("run: a trap is in the last push", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, "--push", "-", guestFile(t, TRAPPING)]);
  assert.equal(ended.code, 134);
  assert.match(ended.stdout, /^guest .*running=false,traps=1i,/m);
});

test("run: --push - writes to standard output", async (t) => {
  const ended = await runWmon(t, ["run", ...QUIET, "--push", "-", guestFile(t, exiting(4))]);
  assert.equal(ended.code, 4);
  assert.match(ended.stdout, /^guest .*running=false,/m);
});

test("run: --metrics switches sources that register later", async (t) => {
  const args = ["run", ...LISTENING, "--metrics", "*:off,memory:on", guestFile(t, SPINNING)];
  const wmon = new Wmon(t, args);
  const body = await scrapeUntil(await wmon.metrics(), /^memory_linear_bytes 65536$/m);
  assert.doesNotMatch(body, /^(guest|wasi|process)_/m);
});

const BUSY = guestPath("busy");

test("run: a guest in while (true) is scraped and obeys", {
  skip: skipWithout("busy"),
}, async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, BUSY]);
  const [control, url] = [await wmon.control(), await wmon.metrics()];
  const first = loopsIn(await scrapeUntil(url, /^busy_loops_total [1-9]/m));
  await scrapeUntil(url, (body) => loopsIn(body) > first);
  await scrapeUntil(url, /^busy_level 4$/m);

  assert.equal((await runWmon(t, ["ctl", "--to", control, "L*:debug"])).stdout, "ok\n");
  await scrapeUntil(url, /^busy_level 5$/m);
  await until("the guest's message is there", () => wmon.stderr.includes("debug is on"));

  assert.equal((await runWmon(t, ["ctl", "--to", control, "M*:disable"])).stdout, "ok\n");
  assert.doesNotMatch(await scrape(url), /^busy_/m);
  assert.equal((await runWmon(t, ["ctl", "--to", control, "Mbusy_loops_total:on"])).code, 0);
  assert.match(await scrape(url), /^busy_loops_total \d/m);
});

test("run: a guest in while (true) is pushed", { skip: skipWithout("busy") }, async (t) => {
  const receiver = await new LineReceiver().start();
  t.after(() => receiver.stop());
  const push = ["--push", receiver.url, "--interval", "20ms"];
  new Wmon(t, ["run", ...QUIET, ...push, BUSY]);
  const counts = () =>
    receiver.lines.flatMap((line) => /^busy_loops_total counter=(\d+)/.exec(line)?.[1] ?? []);
  await until("the count has grown from push to push", () => new Set(counts()).size > 3);
  const numbers = counts().map(Number);
  assert.deepEqual(
    numbers,
    numbers.toSorted((one, other) => one - other),
  );
});

async function scrape(url: string): Promise<string> {
  return (await fetch(url)).text();
}

/** Scrapes until the body is as wanted; that body. */
async function scrapeUntil(url: string, wanted: RegExp | ((body: string) => boolean)) {
  const isWanted = typeof wanted === "function" ? wanted : (body: string) => wanted.test(body);
  for (let tries = 0; tries < 400; tries++) {
    const body = await scrape(url);
    if (isWanted(body)) return body;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`scraped in vain for ${wanted}`);
}

function loopsIn(body: string): number {
  return Number(/^busy_loops_total (\d+)/m.exec(body)?.[1]);
}
