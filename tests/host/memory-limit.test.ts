/**
 * How far a guest's memory may grow, as its module says it; and that a run shows it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryBytesMax } from "../../host/wasi/memory-limit.js";
import { GROWING } from "./guest-text.js";
import { assemble, guestFile, LISTENING, Wmon } from "./wmon.js";

const GIB = 2 ** 30;

const ROWS: readonly (readonly [rule: string, text: string, bytesMax: number])[] = [
  ["without memory: none", "(module)", 0],
  ["without a maximum: 4 GiB", "(module (memory 1))", 4 * GIB],
  ["with a maximum: that", "(module (memory 1 3))", 3 * 65_536],
  ["a maximum of more than a byte", "(module (memory 1 300))", 300 * 65_536],
  ["the greatest maximum", "(module (memory 0 65536))", 4 * GIB],
  ["no page at all", "(module (memory 0 0))", 0],
  ["sections before it are stepped over", "(module (memory 1 2) (func (nop)))", 2 * 65_536],
];

for (const [rule, text, bytesMax] of ROWS) {
  test(`memory limit: ${rule}`, () => assert.equal(memoryBytesMax(assemble(text)), bytesMax));
}

test("memory limit: a module that is cut off is refused", () => {
  const bytes = assemble("(module (memory 1 300))");
  // The section begins behind the header and has 7 bytes.
  for (let byteCount = 9; byteCount < 15; byteCount++) {
    const cut = bytes.subarray(0, byteCount);
    assert.throws(() => memoryBytesMax(cut), { code: "GUEST_INVALID" }, `${byteCount} bytes`);
  }
});

test("run: shows how far the guest's memory may grow", { timeout: 60_000 }, async (t) => {
  const wmon = new Wmon(t, ["run", ...LISTENING, guestFile(t, GROWING)]);
  const url = await wmon.metrics();
  let body = "";
  while (!/^memory_limit_bytes [1-9]/m.test(body)) body = await (await fetch(url)).text();
  assert.match(body, /^memory_limit_bytes 4294967296$/m);
});
