/**
 * `wmon instrument`: what it prints, what it writes, how it ends.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readDescription } from "../../host/instrument/description.js";
import { instrument } from "../../host/instrument/instrument.js";
import { allocatorGuest } from "./instrument-guest.js";
import { assemble, runWmon, temporaryFolder } from "./wmon.js";

const GUEST = allocatorGuest();

const LISTING = `hooked:
  dlmalloc        allocate          by name section, function 0
  dlfree          free              by name section, function 1
  malloc          allocate          by name section, function 3
  free            free              by name section, function 4
  calloc          allocate-zeroed   by name section, function 5
  realloc         reallocate        by name section, function 6
  aligned_alloc   allocate-aligned  by name section, function 7
  posix_memalign  allocate-aligned  by name section, function 8
`;

describe("wmon instrument", () => {
  for (const stacks of ["engine", "shadow"] as const) {
    test(`writes what the library writes, with ${stacks} stacks`, async (t) => {
      const folder = temporaryFolder(t);
      const [input, output] = [join(folder, "in.wasm"), join(folder, "out.wasm")];
      writeFileSync(input, GUEST);
      const args = ["instrument", input, "-o", output, `--stacks=${stacks}`];
      const { code, stdout, stderr } = await runWmon(t, args);
      assert.equal(code, 0, stderr);
      const written = readFileSync(output);
      assert.deepEqual(Uint8Array.from(written), instrument(GUEST, { stacks }).bytes);
      const sizes = `${GUEST.length} -> ${written.length} bytes`;
      assert.equal(stdout, `${LISTING}\n${output}: ${sizes}, ${stacks} stacks\n`);
    });
  }

  test("--list writes nothing, and shows of an instrumented module what was hooked", async (t) => {
    const folder = temporaryFolder(t);
    const [input, output] = [join(folder, "in.wasm"), join(folder, "out.wasm")];
    for (const bytes of [GUEST, instrument(GUEST).bytes]) {
      writeFileSync(input, bytes);
      const { code, stdout } = await runWmon(t, ["instrument", input, "--list", "-o", output]);
      assert.equal(code, 0);
      assert.equal(stdout, LISTING);
      assert.ok(!existsSync(output));
    }
  });

  test("nothing to hook: says why, writes nothing, ends with 1", async (t) => {
    const folder = temporaryFolder(t);
    const [input, output] = [join(folder, "in.wasm"), join(folder, "out.wasm")];
    writeFileSync(input, assemble("(module (memory 1))"));
    const { code, stdout } = await runWmon(t, ["instrument", input, "-o", output]);
    assert.equal(code, 1);
    assert.match(stdout, /^not hooked:\n {2}No allocator was found/);
    assert.ok(!existsSync(output));
  });

  const FAILURES: readonly (readonly [string, Uint8Array | undefined, string[], RegExp])[] = [
    ["no -o", GUEST, [], /say where to write it/],
    ["no such file", undefined, ["-o", "out"], /in\.wasm: cannot be read: no such file/],
    ["no wasm", Uint8Array.of(1, 2, 3), ["-o", "out"], /in\.wasm: is not a wasm module/],
    [
      "instrumented already",
      instrument(GUEST).bytes,
      ["-o", "out"],
      /in\.wasm: it is instrumented already/,
    ],
    ["nowhere to write", GUEST, ["-o", "none/out"], /none\/out: cannot be written/],
    ["other stacks", GUEST, ["-o", "out", "--stacks=both"], /both.*engine, shadow/],
  ];
  for (const [what, bytes, options, message] of FAILURES) {
    test(`${what}: a sentence, and 2`, async (t) => {
      const folder = temporaryFolder(t);
      const input = join(folder, "in.wasm");
      if (bytes) writeFileSync(input, bytes);
      const args = options.map((option) => option.replace(/^(none\/)?out$/, `${folder}/$1out`));
      const { code, stderr } = await runWmon(t, ["instrument", input, ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    });
  }

  test("the result runs, and says itself what is hooked", async (t) => {
    const folder = temporaryFolder(t);
    const [input, output] = [join(folder, "in.wasm"), join(folder, "out.wasm")];
    writeFileSync(input, GUEST);
    await runWmon(t, ["instrument", input, "-o", output]);
    const module = new WebAssembly.Module(readFileSync(output));
    assert.equal(readDescription(module)?.hooked.length, 8);
    assert.doesNotThrow(() => new WebAssembly.Instance(module));
  });
});
