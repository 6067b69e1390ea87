/**
 * The core in other languages (examples/embedding): each program is given the same jobs and the
 * same commands, and every byte that it serves and pushes equals what this host makes of them.
 */
import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, describe, test } from "node:test";
import { Format } from "../../assembly/abi.js";
import { Core } from "../../host/core.js";
import { encodeSource, encodeValues, type SourceOptions } from "../../host/definition.js";
import { LineReceiver } from "../host/line-receiver.js";
import { until } from "../host/until.js";
import { missing, needProgram } from "./program.js";

const CORE = "build/monitor.wasm";
const EXAMPLES = "examples/embedding";
const OUTPUT = "build/tests/embedding";
/** A first build fetches modules. */
const BUILD_MS = 300_000;

interface Language {
  readonly name: string;
  readonly needs: readonly string[];
  /** Builds what must be built; the command that runs the program. */
  readonly prepare: () => readonly string[];
}

const LANGUAGES: readonly Language[] = [
  {
    name: "python",
    needs: ["wasmtime-python"],
    prepare: () => [needProgram("wasmtime-python"), `${EXAMPLES}/python/jobs.py`, CORE],
  },
  {
    name: "go",
    needs: ["go"],
    prepare() {
      build("go", ["-C", `${EXAMPLES}/go`, "build", "-o", `${process.cwd()}/${OUTPUT}/jobs-go`]);
      return [`${OUTPUT}/jobs-go`, CORE];
    },
  },
  {
    name: "java",
    needs: ["java", "mvn"],
    prepare() {
      const folder = `-DoutputDirectory=${process.cwd()}/${OUTPUT}/jars`;
      build("mvn", [
        "-q",
        "-f",
        `${EXAMPLES}/java/pom.xml`,
        "dependency:copy-dependencies",
        folder,
      ]);
      return ["java", "-cp", `${OUTPUT}/jars/*`, `${EXAMPLES}/java/Jobs.java`, CORE];
    },
  },
  {
    name: "c",
    needs: ["gcc"],
    prepare() {
      const generated = `${OUTPUT}/monitor.c`;
      build("node_modules/.bin/wasm2c", ["-n", "monitor", CORE, "-o", generated]);
      const include = [`-I${OUTPUT}`, `-I${EXAMPLES}/c`];
      const checked = [
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-unused-result",
        ...include,
        "-c",
      ];
      build("gcc", [...checked, `${EXAMPLES}/c/jobs.c`, "-o", `${OUTPUT}/jobs.o`]);
      const objects = [`${OUTPUT}/jobs.o`, generated, "-lm"];
      build("gcc", ["-O1", "-w", ...include, ...objects, "-o", `${OUTPUT}/jobs-c`]);
      return [`${OUTPUT}/jobs-c`];
    },
  },
];

const KINDS: readonly (readonly [kind: string, seconds: number])[] = [
  ["mail", 0.25],
  ['back\\up,of=a"b', 12],
  ["mail", 3e-7],
  ["größe", 1e21],
];
const COMMANDS = ["l*", "m*", "Ljobs:error", "l", "?", "mnothing", "M*:off", "m", "Mjobs:on", "x"];

describe("the core in other languages", () => {
  mkdirSync(OUTPUT, { recursive: true });
  for (const language of LANGUAGES) {
    test(
      `${language.name}: serves and pushes what this host does`,
      {
        skip: missing(...language.needs) || (language.name === "go" && oldGo()),
        timeout: 2 * BUILD_MS,
      },
      () => compare(language),
    );
  }
});

const running = new Set<ChildProcessWithoutNullStreams>();
after(() => {
  for (const child of running) child.kill();
});

/** Why the Go that is here cannot build it; with `CI=true` it is tried all the same. */
function oldGo(): string | false {
  const wanted = /^go (\d+\.\d+)/m.exec(readFileSync(`${EXAMPLES}/go/go.mod`, "utf8"))?.[1] ?? "";
  const [, found = ""] = /go(\d+\.\d+)/.exec(build("go", ["version"])) ?? [];
  const isOld = found.localeCompare(wanted, "en", { numeric: true }) < 0;
  return isOld && process.env.CI !== "true" ? `Go ${found} is here, ${wanted} is needed` : false;
}

function build(program: string, values: readonly string[]): string {
  return execFileSync(program, [...values], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: BUILD_MS,
  });
}

async function compare({ prepare }: Language): Promise<void> {
  const receiver = await new LineReceiver().start();
  try {
    const [command = "", ...values] = prepare();
    const child = spawn(command, [...values, new URL(receiver.url).port]);
    running.add(child);
    let printed = "";
    let complaints = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
    });
    child.stderr.on("data", (chunk) => {
      complaints += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    await until("it listens", () => /prometheus \S+\n/.test(printed) || child.exitCode !== null);
    assert.match(printed, /^control 127\.0\.0\.1:\d+\r?\nprometheus http:\S+\r?\n$/, complaints);
    const [, port = "", metrics = ""] = /:(\d+)\s+prometheus (\S+)/.exec(printed) ?? [];

    child.stdin.write(KINDS.map(([kind, seconds]) => `${kind} ${seconds}\n`).join(""));
    const expected = expectation();
    await until("all jobs are counted", () => complaints.includes("größe"));
    assert.equal(await (await fetch(metrics)).text(), expected.exposition);
    assert.equal((await fetch(metrics.replace("metrics", "other"))).status, 404);
    assert.equal(await ask(Number(port)), expected.replies);
    assert.equal(await (await fetch(metrics)).text(), expected.later);

    receiver.lines.length = 0;
    child.stdin.end();
    assert.equal(await ended, 0, complaints);
    await until("the last push is there", () => receiver.lines.length >= 3);
    const lines = receiver.lines.map((line) => line.replace(/ \d{19}$/, ""));
    assert.deepEqual(lines, expected.lines);
    assert.deepEqual(receiver.torn, []);
  } finally {
    await receiver.stop(true);
  }
}

/** Sends all commands on one connection, then a half-close. */
function ask(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.end(COMMANDS.map((command) => `${command}\n`).join(""));
    });
    let replies = "";
    socket.on("data", (chunk) => {
      replies += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(replies));
  });
}

const JOBS: SourceOptions = {
  name: "jobs",
  help: "Jobs by kind.",
  tags: ["kind"],
  fields: [
    { key: "done", type: "counter", help: "Jobs done." },
    { key: "busy", type: "float-counter", help: "Time spent.", unit: "seconds" },
  ],
};

/** What this host's core makes of the same jobs and commands. */
function expectation() {
  const core = new Core({ module: new WebAssembly.Module(readFileSync(CORE)), vmName: "example" });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const source = core.registerSource(encodeSource(JOBS), "jobs");
  core.registerLog(new TextEncoder().encode("jobs"));
  const handles = new Map<string, number>();
  for (const [kind, seconds] of KINDS) {
    if (!handles.has(kind)) {
      const series = core.registerSeries(source, encodeValues([kind]), "jobs");
      const [done, busy] = [0, 1].map((field) => series + core.fieldOffset(source, field));
      handles.set(kind, core.exports.handle(done as number));
      core.exports.handle(busy as number);
    }
    const handle = handles.get(kind) as number;
    core.exports.counterAdd(handle, 1);
    core.exports.counterAdd(handle + 1, seconds);
  }
  const exposition = text(core.encode(Format.Prometheus, 1n));
  const encoder = new TextEncoder();
  const replies = COMMANDS.map((line) => `${text(core.command(encoder.encode(line), 1n).reply)}\n`);
  const later = text(core.encode(Format.Prometheus, 1n));
  const lines = text(core.encode(Format.Influx, 1n)).trimEnd().split("\n");
  return {
    exposition,
    replies: replies.join(""),
    later,
    lines: lines.map((line) => line.replace(/ 1$/, "")),
  };
}
