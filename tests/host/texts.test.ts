/**
 * Text fields: the host writes them into the core's memory, and cuts what does not fit.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSource } from "../../host/definition.js";
import { createMonitor } from "../../host/index.js";

const CUTS: readonly (readonly [rule: string, capacity: number, text: string, kept: string])[] = [
  ["fits", 4, "abcd", "abcd"],
  ["is cut at its capacity", 4, "abcde", "abcd"],
  ["is cut between characters", 4, "abcé", "abc"],
  ["is cut before four bytes", 4, "a🐫", "a"],
  ["is cut to nothing", 1, "é", ""],
  ["is cut at 64 bytes by default", 0, "x".repeat(65), "x".repeat(64)],
  ["is cut however long it is", 4, "x".repeat(100_000), "xxxx"],
];

for (const [rule, capacity, text, kept] of CUTS) {
  test(`text: ${rule}, and counted if it is`, async () => {
    const { line, monitor } = await open(capacity, text);
    assert.equal(line(), `"${kept}"`);
    assert.equal(monitor.core.counts().truncated, text === kept ? 0 : 1);
    assert.equal(monitor.core.counts().refused, 0);
  });
}

test("text: a shorter one leaves nothing of a longer", async () => {
  const { line, set } = await open(8, "a longer");
  set("short");
  assert.equal(line(), '"short"');
});

test("text: a disabled source keeps what it has", async () => {
  const { line, set, monitor } = await open(8, "before");
  monitor.command("Mm:off");
  set("after");
  monitor.command("Mm:on");
  assert.equal(line(), '"before"');
});

test("text: a guest's is cut and held back alike, and a cell of another kind refuses", async () => {
  const monitor = await createMonitor({ unref: true });
  const fields = [
    { key: "t", type: "text", bytesMax: 4 },
    { key: "n", type: "i64" },
  ] as const;
  const { registrar } = monitor;
  const source = registrar.source(encodeSource({ name: "m", fields }));
  const handle = registrar.series(source, new Uint8Array());
  const set = (to: number, text: string) => registrar.text(to, new TextEncoder().encode(text));
  set(handle, "abcé");
  monitor.command("Mm:off");
  set(handle, "off");
  monitor.command("Mm:on");
  assert.equal(monitor.core.counts().refused, 0);
  set(handle + 1, "text");
  assert.equal(monitor.core.counts().refused, 1);
  assert.equal(monitor.core.counts().truncated, 1);
  assert.match(Buffer.from(monitor.influx()).toString(), /^m t="abc",n=0i /m);
});

/** A monitor with one source of a text of that capacity, 0 for the default, which is set. */
async function open(capacity: number, text: string) {
  const monitor = await createMonitor({ unref: true });
  const bytes = capacity === 0 ? {} : { bytesMax: capacity };
  const fields = [
    { key: "t", type: "text", ...bytes } as const,
    { key: "n", type: "i64" } as const,
  ];
  const source = monitor.source({ name: "m", fields });
  const set = (value: string) => source.text("t").set(value);
  set(text);
  const line = () => /^m t=("[^"]*")/m.exec(Buffer.from(monitor.influx()).toString())?.[1];
  return { monitor, set, line };
}
