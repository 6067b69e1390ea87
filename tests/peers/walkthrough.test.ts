/**
 * `examples/prometheus/README.md`, step by step: every command of the page is run as it stands,
 * but for ports, paths and the scrape interval, and prints what the page says.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { ROOT, skipWithout } from "../guests/guest.js";
import { DEVICES, openDevices } from "./devices-guest.js";
import { parseExposition } from "./exposition.js";
import { waitUntil } from "./peer.js";
import { freePort } from "./port.js";
import { missing } from "./program.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));
const STEP_MS_MAX = 30_000;

/** Commands that do not end by themselves. */
const LASTING = /^(wmon run|prometheus) /;

/** A block of commands, and what they print, if the page says it. */
interface Step {
  readonly commands: readonly string[];
  readonly prints: string | undefined;
}

test("walk-through: every command works and prints what the page says", {
  skip: missing("prometheus", "promtool", "curl", "bash"),
  timeout: 120_000,
}, async (t) => {
  const ports = { guest: await freePort(), prometheus: await freePort() };
  const folder = layOut(ports);
  const children: Lasting[] = [];
  t.after(async () => {
    for (const { child, exited } of children) {
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const steps = readSteps("prometheus/README.md", ports);
  assert(steps.length >= 7, "the page has its steps");
  for (const { commands, prints } of steps) {
    for (const command of commands) {
      if (LASTING.test(command)) children.push(start(folder, command));
      else await runUntil(folder, command, prints);
    }
  }
});

test("walk-through: the page explains every metric of a guest, and no other", {
  skip: skipWithout(DEVICES),
  timeout: 60_000,
}, async (t) => {
  const page = readFileSync(`${ROOT}examples/prometheus/README.md`, "utf8");
  const [, table = ""] = /^\| metrics .*\n.*\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const patterns = [...table.matchAll(/`([a-zA-Z_*]+)(?:\{.*?\})?`/g)].map(([, name = ""]) => name);
  const explained = patterns.filter((name) => name !== "census_*").map(patternOf);
  assert(explained.length > 20);
  const { instance } = await openDevices(t, ["--push", "tcp://127.0.0.1:9"]);
  let wrong: string[] = [];
  await waitUntil(
    async () => {
      const text = await (await fetch(`http://${instance}/metrics`)).text();
      const names = parseExposition(text, "text").map(({ name }) => name);
      const unknown = names.filter((name) => !explained.some((pattern) => pattern.test(name)));
      const absent = explained.filter((pattern) => !names.some((name) => pattern.test(name)));
      wrong = [...unknown, ...absent.map(String)];
      return wrong.length === 0;
    },
    () => `not explained, or not exposed: ${wrong}`,
    STEP_MS_MAX,
  );
});

test("compose: services and provisioning name files, ports and databases that fit", () => {
  const compose = readYaml("grafana/compose.yml") as Compose;
  const { services } = compose;
  for (const { image, volumes = [] } of Object.values(services)) {
    assert.match(image, /:[\w.]+$/, "a version is said");
    for (const volume of volumes) {
      const [host = ""] = volume.split(":");
      assert(existsSync(resolve(`${ROOT}examples/grafana`, host)), volume);
    }
  }
  const sources = (readYaml("grafana/provisioning/datasources/datasources.yml") as Sources)
    .datasources;
  assert.deepEqual(sources.map(({ type }) => type).sort(), ["influxdb", "prometheus"]);
  const [prometheus, influxdb] = ["prometheus", "influxdb"].map((type) =>
    sources.find((source) => source.type === type),
  );
  const { host } = new URL(prometheus?.url ?? "");
  assert(services.prometheus?.command?.includes(`--web.listen-address=${host}`));
  assert.equal(prometheus?.jsonData.timeInterval, interval());
  const telegraf = readFileSync(`${ROOT}examples/telegraf/telegraf.conf`, "utf8");
  assert(telegraf.includes(`urls = ["${influxdb?.url}"]`));
  assert(telegraf.includes(`database = "${influxdb?.jsonData.dbName}"`));
  const bind = services.influxdb?.environment?.INFLUXDB_HTTP_BIND_ADDRESS;
  assert.equal(influxdb?.url, `http://${bind}`);
  const provider = readYaml("grafana/provisioning/dashboards/dashboards.yml") as Providers;
  const path = provider.providers[0]?.options.path;
  assert(services.grafana?.volumes?.includes(`./dashboards:${path}:ro`));
  const home = services.grafana?.environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? "";
  assert.equal(dirname(home), path);
  assert(existsSync(home.replace(`${path}`, `${ROOT}examples/grafana/dashboards`)), home);
});

interface Lasting {
  readonly child: ChildProcess;
  readonly exited: Promise<unknown>;
}

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly command?: readonly string[];
        readonly volumes?: readonly string[];
        readonly environment?: Readonly<Record<string, string>>;
      }
    >
  >;
}

interface Sources {
  readonly datasources: readonly {
    readonly type: string;
    readonly url: string;
    readonly jsonData: { readonly timeInterval: string; readonly dbName?: string };
  }[];
}

interface Providers {
  readonly providers: readonly { readonly options: { readonly path: string } }[];
}

interface Ports {
  readonly guest: number;
  readonly prometheus: number;
}

function readYaml(path: string): unknown {
  return parse(readFileSync(`${ROOT}examples/${path}`, "utf8"));
}

function interval(): string {
  const { global } = readYaml("prometheus/prometheus.yml") as {
    global: { scrape_interval: string };
  };
  return global.scrape_interval;
}

/** A folder that looks like the repository to the commands, with ports and intervals of ours. */
function layOut(ports: Ports): string {
  const folder = mkdtempSync(join(tmpdir(), "wmon-walkthrough-"));
  cpSync(`${ROOT}examples/prometheus`, join(folder, "examples/prometheus"), { recursive: true });
  mkdirSync(join(folder, "build"));
  symlinkSync(`${ROOT}build/examples`, join(folder, "build/examples"), "dir");
  cpSync(`${ROOT}README.md`, join(folder, "README.md"));
  const file = join(folder, "examples/prometheus/prometheus.yml");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, onPorts(text, ports).replaceAll(interval(), "1s"));
  // Its other ports may be in use here.
  const run = `${process.execPath} ${MAIN} run --control off --memtrace off`;
  const script = `#!/bin/sh\nshift\nexec ${run} "$@"\n`;
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "bin/wmon"), script, { mode: 0o755 });
  return folder;
}

function onPorts(text: string, ports: Ports): string {
  return text.replaceAll("9090", `${ports.guest}`).replaceAll("9091", `${ports.prometheus}`);
}

/** The blocks of a page that are commands, each with the text block that follows it at once. */
function readSteps(page: string, ports: Ports): Step[] {
  const text = onPorts(readFileSync(`${ROOT}examples/${page}`, "utf8"), ports);
  const blocks = /```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs;
  return [...text.matchAll(blocks)].map(([, commands = "", prints]) => ({
    commands: commands.trim().replaceAll("npx wmon", "wmon").split("\n"),
    prints,
  }));
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${folder}/bin:/usr/bin:/usr/sbin:${process.env.PATH}` };
}

/** Starts a command that lasts until it is killed. */
function start(folder: string, command: string): Lasting {
  const [program = "", ...args] = command.split(" ");
  const child = spawn(program, args, { cwd: folder, env: environment(folder), stdio: "ignore" });
  return { child, exited: once(child, "exit") };
}

/** Runs a command until it prints what it should: what it asks may just be starting. */
async function runUntil(
  folder: string,
  command: string,
  prints: string | undefined,
): Promise<void> {
  let last = "";
  await waitUntil(
    () => {
      const options = { cwd: folder, env: environment(folder), encoding: "utf8" } as const;
      const { status, stdout, stderr } = spawnSync("bash", ["-c", command], options);
      last = `exit code ${status}\n${stdout}${stderr}`;
      return status === 0 && (prints === undefined || withoutTimes(stdout) === prints);
    },
    () => `${command}: ${last}`,
    STEP_MS_MAX,
  );
}

/** A name of the page's table, where a star is any ending. */
function patternOf(name: string): RegExp {
  return new RegExp(`^${name.replace("*", ".*")}$`);
}

/** promtool writes when a value was. */
function withoutTimes(text: string): string {
  return text.replace(/ @\[[\d.]+\]$/gm, "");
}
