/**
 * A million random commands: none traps the core, and none that fails or only asks changes what
 * `l*` and `m*` show. Commands are grammatical, nearly so, or noise; time passes between them.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CoreFlag, FieldType, Outcome } from "../../assembly/abi.js";
import { Core } from "./core.js";
import { Random, SEED } from "./random.js";

const COMMANDS_EACH = 500_000;
const NOISE_BYTES_MAX = 40;
const SECOND_NS = 1_000_000_000n;

const NAMES = ["net", "dns", "a:b", "memory", "naïve", "x y", "*", "nope"] as const;
const LEVELS = ["quiet", "app", "error", "warning", "info", "debug", "Debug"] as const;
const SWITCHES = ["on", "OFF", "enable", "Disable", "on", "off", "maybe"] as const;
const SCOPES = ["", "", "", "src:", "tag:", "tag:kind:", "*:"] as const;
const TAILS = [
  "",
  "",
  "",
  " for 5s",
  " for 3m",
  " for 0h",
  " for 99999999999h",
  "\n",
  ",",
] as const;

function openCore(flags: number): Core {
  const core = new Core(flags);
  const fields = [{ key: "value", type: FieldType.Gauge }];
  for (const name of ["net", "memory", "a:b", "naïve", "x y"]) {
    core.source({ name, tags: ["kind", "zone"], fields });
    core.log(name);
  }
  core.log("dns");
  return core;
}

/** What the lists show: the state that a command can change. */
function stateOf(core: Core, nowNs: bigint): string {
  return `${core.command("l*", nowNs)}\n${core.command("m*", nowNs)}`;
}

/** A list or a setting with up to three items, most of them right. */
function grammatical(random: Random): string {
  const head = random.pick(["L", "M", "M", "l", "m"]);
  const items = Array.from({ length: 1 + random.below(3) }, () => item(random, head));
  const command = head + items.join(",");
  return head === "l" || head === "m" ? command : command + random.pick(TAILS);
}

function item(random: Random, head: string): string {
  if (head === "l" || head === "m") return random.pick(NAMES);
  if (head === "L") return `${random.pick(NAMES)}:${random.pick(LEVELS)}`;
  const scope = random.pick(SCOPES);
  const isWhole = scope === "tag:kind:" || scope === "*:";
  return isWhole
    ? scope + random.pick(SWITCHES)
    : `${scope}${random.pick(NAMES)}:${random.pick(SWITCHES)}`;
}

function noise(random: Random): Buffer {
  const bytes = Buffer.alloc(random.below(NOISE_BYTES_MAX));
  for (let index = 0; index < bytes.length; index++) bytes[index] = random.word();
  return bytes;
}

/** A grammatical command in which one byte was changed. */
function damaged(random: Random): Buffer {
  const bytes = Buffer.from(grammatical(random));
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.word();
  return bytes;
}

function draw(random: Random): string | Buffer {
  const kind = random.below(8);
  if (kind === 0) return random.pick(["?", "l", "m", "l*", "m*", "", "Lapp", "Mon", noise(random)]);
  return kind === 1 ? damaged(random) : grammatical(random);
}

function prove(core: Core, random: Random): { failed: number; changed: number } {
  const counts = { failed: 0, changed: 0 };
  let nowNs = SECOND_NS;
  let state = stateOf(core, nowNs);
  for (let index = 0; index < COMMANDS_EACH; index++) {
    if (random.below(100) === 0) {
      nowNs += SECOND_NS * BigInt(random.below(100));
      core.exports.expire(nowNs);
      state = stateOf(core, nowNs);
    }
    const command = draw(random);
    const reply = core.command(command, nowNs);
    const outcome = core.exports.outcome.value;
    const failed = (outcome & Outcome.Failed) !== 0;
    if (failed !== reply.startsWith("error:")) assert.fail(`${command} says ${reply}`);
    const after = stateOf(core, nowNs);
    const changed = (outcome & Outcome.Changed) !== 0;
    if (changed !== (reply === "ok")) assert.fail(`${command} says ${reply}`);
    if (failed) counts.failed++;
    if (changed) counts.changed++;
    else if (after !== state) assert.fail(`${command} changed ${state} to ${after}`);
    if (failed && after !== state)
      assert.fail(`${command} failed and changed ${state} to ${after}`);
    state = after;
  }
  return counts;
}

describe(`random commands, seed ${SEED}`, () => {
  const MODES = [
    ["default", CoreFlag.SortTags],
    ["strict", CoreFlag.SortTags | CoreFlag.Strict],
  ] as const;
  for (const [mode, flags] of MODES) {
    test(`${mode} mode: ${COMMANDS_EACH} neither trap nor change anything on error`, (t) => {
      const core = openCore(flags);
      const memoryBytes = core.memoryBytes;
      const { failed, changed } = prove(core, new Random(SEED));
      t.diagnostic(`${failed} failed, ${changed} changed something`);
      assert.ok(failed > 1000 && changed > 1000, "the mix must do both");
      assert.ok(core.memoryBytes <= memoryBytes + 2 ** 20, "memory stays bounded");
    });
  }
});
