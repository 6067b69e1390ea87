/**
 * Guests with sockets under wrk: no error, no byte lost, and both sides counted the same. When its
 * time is over wrk breaks off: at most one request a connection is under way then.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipWithout } from "../guests/guest.js";
import { ports, serve } from "../host/sockets-client.js";
import type { Wmon } from "../host/wmon.js";
import { missing } from "./program.js";
import { runWrk, type WrkSummary } from "./wrk.js";

const CONNECTION_COUNT = 40;
const SECONDS = 2;

interface Served {
  readonly guest: string;
  readonly args: readonly string[];
  /** What wrk adds to its requests. */
  readonly headers: readonly string[];
  readonly path: string;
  readonly answerBytes: number;
}

const GUESTS: readonly Served[] = [
  { guest: "c-http", args: [], headers: [], path: "/", answerBytes: 62 },
  { guest: "c-http", args: [], headers: [], path: "/bytes/100000", answerBytes: 100_043 },
  { guest: "rust-server", args: ["3"], headers: ["Connection: close"], path: "/", answerBytes: 74 },
];

for (const served of GUESTS) {
  const { guest, args, headers, path, answerBytes } = served;
  const skip = missing("wrk") || skipWithout(guest);
  test(`wrk: ${guest} answers every ${path}, byte for byte`, { skip }, async (t) => {
    const wmon = serve(t, guest, { args });
    const [port = 0] = await ports(wmon);
    const url = `http://127.0.0.1:${port}${path}`;
    const body = await (await fetch(url, { headers: { Connection: "close" } })).text();
    const before = await counts(wmon);
    const options = { url, connectionCount: CONNECTION_COUNT, seconds: SECONDS, headers };
    const summary = await runWrk(options);
    checkErrors(summary);
    assert.ok(summary.requests > CONNECTION_COUNT, `${summary.requests} requests`);
    assert.ok(body.length < answerBytes);
    const { sent, refused } = await counts(wmon);
    const unfinished = summary.bytes - summary.requests * answerBytes;
    const unread = sent - before.sent - summary.bytes;
    for (const bytes of [unfinished, unread]) {
      assert.ok(bytes >= 0 && bytes <= CONNECTION_COUNT * answerBytes, `${bytes} bytes`);
    }
    assert.equal(refused, 0);
  });
}

function checkErrors(summary: WrkSummary): void {
  const { connectErrors, readErrors, writeErrors, timeouts, statusErrors } = summary;
  assert.deepEqual(
    [connectErrors, readErrors, writeErrors, timeouts, statusErrors],
    Array(5).fill(0),
  );
}

/** What the host counted. */
async function counts(wmon: Wmon): Promise<{ sent: number; refused: number }> {
  const text = await (await fetch(await wmon.metrics())).text();
  const value = (name: RegExp) => Number(name.exec(text)?.[1]);
  return {
    sent: value(/^net_wasi_transmitted_bytes_total\{.*\} (\d+)$/m),
    refused: value(/^tcp_refused_total (\d+)$/m),
  };
}
