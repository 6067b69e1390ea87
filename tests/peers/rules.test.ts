/**
 * The alert rules of `examples/prometheus`: promtool finds no fault, its unit tests of them pass
 * and would notice a change, and the metrics that they name are exposed by a real guest.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { ROOT, skipWithout } from "../guests/guest.js";
import { TRAPPING } from "../host/guest-text.js";
import { guestFile, QUIET, runWmon, temporaryFolder } from "../host/wmon.js";
import { ask, formatQuery } from "./answer.js";
import { DEVICES, openDevices } from "./devices-guest.js";
import { parseExposition } from "./exposition.js";
import { waitUntil } from "./peer.js";
import { missing, needProgram } from "./program.js";
import { openVictoriaMetrics } from "./victoria-metrics.js";

const FOLDER = `${ROOT}examples/prometheus`;

/** Words of PromQL that our rules use. */
const WORDS = /^(changes|increase|max_over_time|offset|or|rate|unless)$/;

/** What Prometheus itself makes of a scrape. */
const OWN = ["up"];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
}

interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { alertname: string; exp_alerts: readonly unknown[] }[];
  }[];
}

const rules = (read("rules.yml") as Rules).groups.flatMap((group) => group.rules);
const here = { skip: missing("promtool") };

test("rules: promtool finds no fault", here, () => {
  const { status, output } = promtool("check", "rules", `${FOLDER}/rules.yml`);
  assert.equal(status, 0, output);
  assert.match(output, new RegExp(`SUCCESS: ${rules.length} rules found`));
});

test("rules: their unit tests pass", here, () => {
  const { status, output } = promtool("test", "rules", `${FOLDER}/rules-test.yml`);
  assert.equal(status, 0, output);
});

test("rules: each is tested where it fires and where it does not", () => {
  const { tests } = read("rules-test.yml") as RuleTests;
  const cases = tests.flatMap((each) => each.alert_rule_test);
  for (const { alert } of rules) {
    const counts = cases
      .filter((each) => each.alertname === alert)
      .map((each) => each.exp_alerts.length);
    assert(counts.includes(0), `${alert} is not tested where it does not fire`);
    assert(
      counts.some((count) => count > 0),
      `${alert} is not tested where it fires`,
    );
  }
});

test("rules: their unit tests notice one that never fires", here, (t) => {
  const folder = temporaryFolder(t);
  copyFileSync(`${FOLDER}/rules-test.yml`, join(folder, "rules-test.yml"));
  for (const { alert } of rules) {
    const changed = rules.map((rule) =>
      rule.alert === alert ? { ...rule, expr: "vector(1) > 1" } : rule,
    );
    // JSON is YAML.
    const text = JSON.stringify({ groups: [{ name: "changed", rules: changed }] });
    writeFileSync(join(folder, "rules.yml"), text);
    const { status } = promtool("test", "rules", join(folder, "rules-test.yml"));
    assert.notEqual(status, 0, alert);
  }
});

test("rules: a guest exposes every metric that they name", {
  skip: skipWithout(DEVICES),
  timeout: 60_000,
}, async (t) => {
  const wanted = new Set(rules.flatMap(({ expr }) => namesIn(expr)));
  for (const name of OWN) assert(wanted.delete(name), name);
  assert(wanted.size > 10);
  // Nobody listens there: a receiver that is away is exposed too.
  const { instance } = await openDevices(t, ["--push", "tcp://127.0.0.1:9", "--interval", "1s"]);
  let absent: string[] = [];
  await waitUntil(
    async () => {
      const text = await (await fetch(`http://${instance}/metrics`)).text();
      const exposed = parseExposition(text, "text").flatMap(({ samples }) => samples);
      const names = new Set(exposed.map(({ name }) => name));
      absent = [...wanted].filter((name) => !names.has(name));
      return absent.length === 0;
    },
    () => `not exposed: ${absent}`,
  );
});

test("rules: the last push of a guest that trapped fires GuestTrapped", {
  skip: missing("victoria-metrics"),
  timeout: 60_000,
}, async (t) => {
  const store = await openVictoriaMetrics();
  t.after(() => store.close());
  const push = ["--push", `tcp://127.0.0.1:${store.influxPort}`, "--hostname", "vm1"];
  const { code } = await runWmon(t, ["run", ...QUIET, ...push, guestFile(t, TRAPPING)]);
  assert.equal(code, 134);
  const rule = rules.find(({ alert }) => alert === "GuestTrapped");
  const query = formatQuery({ query: rule?.expr ?? "", nocache: "1" });
  let answer = "";
  await waitUntil(
    async () => {
      await store.flush();
      answer = (await ask(store.port, `/api/v1/query${query}`)).text;
      return answer.includes('"vm":"vm1"');
    },
    () => answer,
  );
});

function read(file: string): unknown {
  return parse(readFileSync(`${FOLDER}/${file}`, "utf8"));
}

/** Metrics of an expression: its words less labels, durations and PromQL's own. */
function namesIn(expression: string): string[] {
  // Names in a pattern differ by the way that they come; the longest is a scrape's.
  const [, pattern] = /\{__name__=~"\w+\|(\w+)"\}/.exec(expression) ?? [];
  if (pattern !== undefined) return [pattern];
  const bare = expression.replace(/\{[^}]*\}|\[[^\]]*\]|offset \w+/g, " ");
  return [...bare.matchAll(/[a-zA-Z_]\w*/g)]
    .map(([name]) => name)
    .filter((name) => !WORDS.test(name));
}

function promtool(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(needProgram("promtool"), args, { encoding: "utf8" });
  return { status, output: stdout + stderr };
}
