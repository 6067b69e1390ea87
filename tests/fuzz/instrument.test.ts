/**
 * The rewriter and modules that are damaged: it refuses, or what it writes is valid whenever what
 * it was given is. A seed that failed is set by WMON_SEED.
 */
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { readDescription, type Stacks } from "../../host/instrument/description.js";
import { instrument } from "../../host/instrument/instrument.js";
import { restoreOriginal } from "../../host/instrument/restore.js";
import { allocatorGuest, compileAssembly } from "../host/instrument-guest.js";

const SEED = Number(process.env.WMON_SEED ?? Date.now() % 1_000_000_007);
const ROUNDS = 1500;
const FLIPS_MAX = 6;

const SOURCE = `
  class Node { constructor(public next: Node | null) {} }
  let list: Node | null = null;
  export function run(count: i32): string {
    let text = "";
    for (let i = 0; i < count; i++) { list = new Node(list); text += i.toString(); }
    return text;
  }`;

/** Marsaglia's xorshift of 32 bits; never 0. */
class Random {
  constructor(private state: number) {
    this.state = state | 0 || 1;
  }

  below(bound: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % bound;
  }
}

/** Flips bits or sets bytes; half of the time among the first, where declarations are. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  const damaged = Uint8Array.from(bytes);
  const reach = random.below(2) === 0 ? bytes.length : Math.min(bytes.length, 600);
  for (let count = 1 + random.below(FLIPS_MAX); count > 0; count--) {
    const at = 8 + random.below(reach - 8);
    const old = damaged[at] as number;
    damaged[at] = random.below(2) === 0 ? old ^ (1 << random.below(8)) : random.below(256);
  }
  return damaged;
}

/** True if it was rewritten, false if it was refused; fails when neither is right. */
function rewrites(bytes: Uint8Array, stacks: Stacks): boolean {
  let made: ReturnType<typeof instrument>;
  try {
    made = instrument(bytes, { stacks });
  } catch (error) {
    if (error instanceof MonitorError && error.code === "GUEST_INVALID") return false;
    throw error;
  }
  assert.deepEqual(restoreOriginal(made.bytes, made.description), Uint8Array.from(bytes));
  if (WebAssembly.validate(bytes as BufferSource)) {
    assert.ok(WebAssembly.validate(made.bytes), "valid before, invalid after");
    if (made.description.hooked.length > 0) assert.ok(readDescription(made.bytes));
  }
  return true;
}

for (const stacks of ["engine", "shadow"] as const) {
  describe(`damaged modules, ${stacks} stacks, seed ${SEED}`, () => {
    const guests: Uint8Array[] = [];

    before(async () => {
      guests.push(allocatorGuest(), await compileAssembly(SOURCE, { optimizeLevel: 1 }));
    });

    test("whole, they are rewritten", () => {
      for (const guest of guests) assert.ok(rewrites(guest, stacks));
    });

    test("flipped bytes: refused, or valid when they were", (t) => {
      const random = new Random(SEED);
      let rewritten = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const bytes = damage(guests[round % guests.length] as Uint8Array, random);
        try {
          if (rewrites(bytes, stacks)) rewritten++;
        } catch (cause) {
          const hex = Buffer.from(bytes).toString("hex");
          throw new Error(`seed ${SEED}, round ${round}: ${hex}`, { cause });
        }
      }
      t.diagnostic(`${rewritten} of ${ROUNDS} rewritten`);
      assert.ok(rewritten > 0 && rewritten < ROUNDS);
    });

    test("cut off anywhere: refused, or valid when they were", () => {
      for (const guest of guests) {
        const step = Math.ceil(guest.length / 500);
        for (let end = 0; end < guest.length; end += step) rewrites(guest.subarray(0, end), stacks);
      }
    });
  });
}
