/**
 * Text from guests: whatever bytes they pass, what we expose is UTF-8. Values are cleaned, names
 * refused and counted.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Status } from "../../assembly/abi.js";
import { encodeSource, type SourceOptions } from "../../host/definition.js";
import { createMonitor } from "../../host/index.js";

const DEFINITION: SourceOptions = {
  name: "sname",
  prefix: "sprefix",
  help: "shelp",
  tags: ["stag"],
  fields: [
    { key: "skey", type: "counter", help: "fhelp", unit: "sunit" },
    { key: "state", type: "text", help: "State.", bytesMax: 8 },
  ],
};

/** What a guest wrote as a value, and what becomes of it. */
const VALUES: readonly (readonly [string, readonly number[], string])[] = [
  ["ASCII", [0x61, 0x62], "ab"],
  ["two to four bytes", [0xc3, 0xb6, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], "ö€😀"],
  ["U+FFFD itself", [0xef, 0xbf, 0xbd], "\ufffd"],
  ["a byte order mark", [0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
  ["a byte that never occurs", [0x61, 0xff, 0x62], "a\ufffdb"],
  ["a lone continuation", [0x80], "\ufffd"],
  ["a cut character", [0x61, 0xe2, 0x82], "a\ufffd"],
  ["an overlong slash", [0xc0, 0xaf], "\ufffd\ufffd"],
  ["a surrogate", [0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
];

for (const [what, bytes, expected] of VALUES) {
  test(`utf8: as a tag value, ${what} is exposed as UTF-8`, async () => {
    const guest = await plug();
    const source = guest.call("source", encodeSource(DEFINITION));
    const handle = guest.call("series", valuesOf(bytes), source);
    assert.ok(handle >= 0);
    assert.equal(guest.call("series", valuesOf([...Buffer.from(expected)]), source), handle);
    assert.match(guest.exposition(), new RegExp(`^sprefix_.*stag="${expected}"`, "m"));
    assert.match(guest.lines(), /^monitor .*refused=0i/m);
  });
}

test("utf8: each of several tag values is cleaned by itself", async () => {
  const guest = await plug();
  const source = guest.call("source", encodeSource({ ...DEFINITION, tags: ["a", "b", "c"] }));
  const values = [valuesOf([0xff]), valuesOf([]), valuesOf([0x61, 0xe2])];
  assert.ok(guest.call("series", Buffer.concat(values), source) >= 0);
  assert.match(guest.exposition(), /\{a="\ufffd",b="",c="a\ufffd"\}/);
});

for (const [what, values] of [
  ["a value whose length points past the end", [2, 0, 0xff]],
  ["half a length behind a value", [1, 0, 0xff, 1]],
  ["a value that grows beyond its bound", [...valuesOf(Array(1000).fill(0xff))]],
  ["a value that is too long to begin with", [...valuesOf(Array(60_000).fill(0xff))]],
] as const) {
  test(`utf8: ${what} is refused and counted`, async () => {
    const guest = await plug();
    const source = guest.call("source", encodeSource(DEFINITION));
    assert.ok(guest.call("series", Uint8Array.from(values), source) < 0);
    assert.match(guest.lines(), /^monitor .*refused=1i/m);
  });
}

test("utf8: a text is cleaned, then cut between characters", async () => {
  const guest = await plug();
  const source = guest.call("source", encodeSource(DEFINITION));
  const handle = guest.call("series", valuesOf([0x61]), source);
  guest.call("text_set", Uint8Array.of(0x61, 0xff, 0x62), handle + 1);
  assert.match(guest.lines(), /^sname,stag=a .*state="a\ufffdb"$/m);
  guest.call("text_set", new Uint8Array(65_536).fill(0xff), handle + 1);
  assert.match(guest.lines(), /^sname,stag=a .*state="\ufffd\ufffd"$/m);
});

for (const text of ["sname", "sprefix", "shelp", "stag", "skey", "fhelp", "sunit"]) {
  test(`utf8: a definition whose ${text} is not UTF-8 is refused and counted`, async () => {
    const guest = await plug();
    const definition = Buffer.from(encodeSource(DEFINITION));
    definition[definition.indexOf(text) + 1] = 0xff;
    assert.equal(guest.call("source", definition), Status.Malformed);
    assert.match(guest.lines(), /^monitor .*refused=1i/m);
    assert.doesNotMatch(guest.exposition(), /sname|sprefix/);
  });
}

test("utf8: a definition cut anywhere is refused, and whole it is taken", async () => {
  const guest = await plug();
  const definition = encodeSource(DEFINITION);
  for (let length = 0; length < definition.length; length++) {
    assert.ok(guest.call("source", definition.subarray(0, length)) < 0, `${length} bytes`);
  }
  assert.ok(guest.call("source", definition) >= 0);
});

test("utf8: a log source whose name is not UTF-8 is refused and counted", async () => {
  const guest = await plug();
  assert.ok(guest.call("log_source", Buffer.from("größe")) >= 0);
  assert.equal(guest.call("log_source", Uint8Array.of(0x61, 0xff)), Status.NameInvalid);
  assert.match(guest.lines(), /^monitor .*refused=1i/m);
});

/** A guest without code: the test writes its memory and calls its imports. */
async function plug() {
  const monitor = await createMonitor({ timestamps: "none" });
  const memory = new WebAssembly.Memory({ initial: 2 });
  const imports = monitor.imports(() => memory).monitor as unknown as Record<
    string,
    (...parameters: number[]) => number
  >;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return {
    /** Calls an import with bytes from the guest's memory, behind its other parameter if any. */
    call(name: string, bytes: Uint8Array, ...subject: number[]): number {
      new Uint8Array(memory.buffer).set(bytes, 16);
      return imports[name]?.(...subject, 16, bytes.length) ?? Number.NaN;
    },
    exposition: () => decoder.decode(monitor.prometheus()),
    lines: () => decoder.decode(monitor.influx()),
  };
}

/** The message of one tag value. */
function valuesOf(bytes: readonly number[]): Uint8Array {
  return Uint8Array.of(bytes.length & 255, bytes.length >> 8, ...bytes);
}
