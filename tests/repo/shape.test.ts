/**
 * Shaping (assembly/shape/): its model of deflate is gzip's, and what it changes does the same.
 * Random programs run as they were and as they are shaped, and must leave the same behind.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import binaryen from "binaryen";
import { Random, SEED } from "../wasm/random.js";
import { randomProgram } from "./program.js";

const { Deflate } = await import(pathToFileURL("assembly/shape/deflate.js").href);
const { shapeModule } = await import(pathToFileURL("assembly/shape/shape.js").href);

const FILES = ["build/monitor.wasm", "build/memtrace.wasm", "package.json", "assembly/abi.ts"];
/** What gzip writes before and behind what deflate makes. */
const GZIP_BYTES = 18;
const PROGRAM_COUNT = 12;

interface Program {
  readonly memory: WebAssembly.Memory;
  readonly g: WebAssembly.Global;
  readonly [name: string]: unknown;
}

function instantiate(bytes: Uint8Array): Program {
  const module = new WebAssembly.Module(bytes.slice());
  return new WebAssembly.Instance(module).exports as unknown as Program;
}

/** What a program's functions return and leave behind, called in turn. */
function run(program: Program): unknown[] {
  const seen: unknown[] = [];
  for (const name of ["$f1", "$f4", "$f7"]) {
    for (const value of [0, 1, 10, -1, 65_537]) {
      const callable = program[name] as (...values: unknown[]) => number;
      seen.push(callable(value & 511, value, BigInt(value) * 3n, value * 7), program.g.value);
    }
  }
  return [...seen, Buffer.from(program.memory.buffer, 0, 2048).toString("hex")];
}

describe("shape", () => {
  const hasGzip = spawnSync("gzip", ["--version"]).status === 0;
  test("deflate: as many bytes as gzip -9 writes", { skip: !hasGzip && "no gzip" }, () => {
    for (const path of FILES) {
      const bytes = readFileSync(path);
      const { stdout } = spawnSync("gzip", ["-9n"], { input: bytes });
      const bitCount: number = new Deflate().measure(bytes);
      assert.equal(Math.ceil(bitCount / 8) + GZIP_BYTES, stdout.length, path);
    }
  });

  test("deflate: a file that changed a little measures as one never seen", (t) => {
    t.diagnostic(`SEED=${SEED}`);
    const random = new Random(SEED);
    const bytes = readFileSync("build/memtrace.wasm");
    const deflate = new Deflate();
    deflate.measure(bytes);
    deflate.keep();
    for (let round = 0; round < 100; round++) {
      const before = bytes.slice();
      const at = random.word() % (bytes.length - 50);
      for (let count = random.word() % 5; count >= 0; count--) {
        bytes[at + (random.word() % 50)] = bytes[random.word() % bytes.length] as number;
      }
      assert.equal(deflate.measure(bytes), new Deflate().measure(bytes));
      if (random.word() % 2 === 0) deflate.keep();
      else bytes.set(before);
    }
  });

  test("a program does the same as before, in fewer bytes gzipped", (t) => {
    t.diagnostic(`SEED=${SEED}`);
    const random = new Random(SEED);
    let savedBits = 0;
    for (let index = 0; index < PROGRAM_COUNT; index++) {
      const text = randomProgram(random);
      const module = binaryen.parseText(text);
      if (index % 2 === 0) module.optimize();
      const bytes = module.emitBinary();
      module.dispose();
      const shaped: Uint8Array = shapeModule(bytes, { rounds: 1 });
      assert.deepEqual(run(instantiate(shaped)), run(instantiate(bytes)), text);
      const saved = new Deflate().measure(bytes) - new Deflate().measure(shaped);
      assert.ok(saved >= 0, "a program that has no better shape keeps its own");
      savedBits += saved;
      assert.deepEqual(shapeModule(bytes, { rounds: 1 }), shaped, "the same shape every time");
    }
    assert.ok(savedBits > 0);
  });
});
