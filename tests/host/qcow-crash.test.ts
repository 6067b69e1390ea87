/**
 * What a crash leaves of a qcow2 image: a killed process (every write up to a moment), and a loss
 * of power (since the last barrier, any sectors in any order). The image must be whole but for
 * leaks, have all that was flushed, and be writable again. `SEED=…` repeats a run.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CreateQcowOptions, createQcow } from "../../host/qcow/create.js";
import { openQcow } from "../../host/qcow/open.js";
import { Random, SEED } from "../wasm/random.js";
import { afterKill, afterPowerLoss, MemoryFile } from "./qcow-file.js";
import { makeForeign } from "./qcow-foreign.js";
import { judge } from "./qcow-judge.js";
import { Model } from "./qcow-model.js";

const SECTOR = 512;
/** Crashes of each sort in each life. */
const CRASHES = 20;

/** What was known to be on the medium at some moment of the log. */
interface Point {
  readonly logIndex: number;
  readonly disk: Uint8Array;
}

/** A life of an image, with every state that its disk had. */
interface Life {
  readonly base: Uint8Array;
  readonly file: MemoryFile;
  /** States in order; those at a flush are `flushed`. */
  readonly states: readonly Point[];
  readonly flushed: readonly Point[];
  readonly lower: Uint8Array;
  readonly model: Model;
}

/** An empty image, and what lies beneath. */
type Birth = (random: Random) => { readonly base: Uint8Array; readonly lower: Uint8Array };

function create(options: Partial<CreateQcowOptions>): Birth {
  return (random) => {
    const clusterBytes = random.pick([512, 512, 1024, 4096]);
    const capacityBytes = clusterBytes * (4 + random.below(clusterBytes === 512 ? 500 : 40));
    const lower = new Uint8Array(options.backing === undefined ? 0 : capacityBytes / 2).fill(0xbb);
    const file = new MemoryFile();
    createQcow(file, { capacityBytes, clusterBytes, ...options });
    return { base: file.content(), lower };
  };
}

/** Wide refcounts in short blocks: the table of one cluster is full at cluster 4096, and grows. */
function createWide(random: Random): ReturnType<Birth> {
  const capacityBytes = (4400 + random.below(200)) * 512;
  const file = new MemoryFile(makeForeign({ clusterBytes: 512, capacityBytes, refcountOrder: 6 }));
  const device = openQcow(file);
  const disk = new Uint8Array(capacityBytes).fill(0xaa, 0, (3800 + random.below(160)) * 512);
  for (let at = 0; at < disk.length && disk[at] !== 0; at += 512) {
    device.write(at, disk.subarray(at, at + 512));
  }
  device.close();
  return { base: file.content(), lower: disk };
}

function live(birth: Birth, steps: number, random: Random): Life {
  const { base, lower } = birth(random);
  const file = new MemoryFile(base, true);
  const model = new Model(file, random, lower, { openBacking: () => new MemoryFile(lower) });
  const states: Point[] = [{ logIndex: 0, disk: model.disk.slice() }];
  const flushed: Point[] = [...states];
  // Scattered writes need many tables, and tables take clusters that had data.
  model.spanMax = Math.max(model.spanMax, Math.floor(model.disk.length / 8));
  for (let step = 0; step < steps; step++) {
    const operation = model.step();
    const state = { logIndex: file.log.length, disk: model.disk.slice() };
    states.push(state);
    if (operation === "flush" || operation === "reopen") flushed.push(state);
  }
  return { base, file, states, flushed, lower, model };
}

/** Each sector is as it was at the last flush before, or at a state since then. */
function assertKept(life: Life, logIndex: number, found: Uint8Array, what: string): void {
  const before = life.flushed.filter((point) => point.logIndex <= logIndex);
  const since = before.at(-1) ?? life.states[0];
  assert.ok(since !== undefined);
  const first = life.states.findIndex(({ disk }) => disk === since.disk);
  const behind = life.states.findIndex((state) => state.logIndex > logIndex);
  const possible = life.states.slice(first, behind < 0 ? undefined : behind + 1);
  for (let at = 0; at < found.length; at += SECTOR) {
    const sector = found.subarray(at, at + SECTOR);
    const isOne = possible.some(({ disk }) => isSame(sector, disk.subarray(at, at + SECTOR)));
    assert.ok(isOne, `${what}: byte ${at} is neither as flushed nor as written since`);
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** The image that a crash left is sound, and goes on. */
function assertSurvives(life: Life, left: MemoryFile, logIndex: number, what: string): void {
  assert.deepEqual(judge(left.content()).errors, [], what);
  const device = openQcow(left, { openBacking: () => new MemoryFile(life.lower) });
  const found = new Uint8Array(device.capacityBytes);
  device.read(0, found);
  assertKept(life, logIndex, found, what);
  device.write(0, new Uint8Array(SECTOR).fill(7));
  device.close();
  const { errors, leaks } = judge(left.content());
  assert.deepEqual([errors, leaks], [[], 0], `${what}: after the next writer`);
}

/** Any moments, and those about a change of the header: a refcount table grows once a life. */
function moments({ file }: Life, random: Random): number[] {
  const any = Array.from({ length: CRASHES }, () => random.below(file.log.length + 1));
  const about = file.log.flatMap((entry, index) =>
    entry.kind === "write" && entry.offset < SECTOR
      ? [0, 1, 1, 1, 2, 2, 3].map((i) => index + i)
      : [],
  );
  return [...any, ...about.filter((index) => index <= file.log.length)];
}

interface Kind {
  readonly birth: Birth;
  readonly runs: number;
  readonly steps: number;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "version 3": { birth: create({}), runs: 30, steps: 40 },
  "version 2": { birth: create({ version: 2 }), runs: 25, steps: 40 },
  "version 3 over raw": {
    birth: create({ backing: "lower", backingFormat: "raw" }),
    runs: 25,
    steps: 40,
  },
  "refcounts of 64 bits": { birth: createWide, runs: 6, steps: 15 },
};

for (const [kind, { birth, runs, steps }] of Object.entries(KINDS)) {
  test(`qcow2 ${kind}: a crash loses nothing that was flushed; SEED=${SEED}`, () => {
    let leaks = 0;
    for (let run = 0; run < runs; run++) {
      const random = new Random(SEED + run);
      const life = live(birth, steps, random);
      for (const logIndex of moments(life, random)) {
        const what = `SEED=${SEED}, run ${run}, entry ${logIndex}`;
        const killed = afterKill(life.base, life.file.log, logIndex);
        leaks += judge(killed.content()).leaks;
        assertSurvives(life, killed, logIndex, `${what}, killed`);
        const draw = () => random.below(1 << 20) / (1 << 20);
        const dark = afterPowerLoss(life.base, life.file.log, logIndex, draw);
        assertSurvives(life, dark, logIndex, `${what}, without power`);
      }
    }
    assert.ok(leaks > 0, "no crash came at a moment that matters");
  });
}
