/**
 * The package as a user gets it: what the tarball holds, and that it works where it lands.
 * It is unpacked by hand beside links to its dependencies, so that no registry is asked.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { publint } from "publint";

const DEPENDENCIES = ["commander", "@wasmer"];

/** Also needed to type-check a user's program. */
const TYPES = ["@types", "undici-types"];

const NEEDED = [
  "LICENSE",
  "README.md",
  "CHANGELOG.md",
  "package.json",
  "build/monitor.wasm",
  "build/monitor.shared.wasm",
  "build/memtrace.wasm",
  "build/link.wasm",
  "build/link-memtrace.wasm",
  "build/wmon-execd.wasm",
  "build/page/report.html",
  "build/bundle/node/index.js",
  "build/host/index.js",
  "build/host/index.d.ts",
  "build/host/cli/main.js",
  ...[
    "index",
    "serve",
    "push",
    "tcp",
    "guest",
    "counter-source",
    "collector",
    "page",
    "sandbox",
    "memtrace",
  ].flatMap((name) => [`build/bundle/edge/${name}.js`, `build/host/edge/${name}.d.ts`]),
  "build/assembly/abi.js",
  "assembly/README.md",
  "assembly/guest/index.ts",
];

const UNWANTED = /^(tests|build\/tests|node_modules|examples|\.ci|\.github)\//;

const USER_PROGRAM = `
import { createMonitor, MonitorError } from "wasm-monitoring";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
const path = fileURLToPath(import.meta.resolve("wasm-monitoring/monitor.wasm"));
if (!WebAssembly.validate(readFileSync(path))) throw new Error("not a wasm file");
const monitor = await createMonitor({ defaultSources: false });
const greetings = monitor.counter({ name: "greetings", help: "Greetings sent." });
greetings.inc();
console.log(new TextDecoder().decode(monitor.prometheus()));
await monitor.close();
console.log(MonitorError.name);
`;

const TYPED_PROGRAM = `
import { createMonitor, type Monitor } from "wasm-monitoring";
const monitor: Monitor = await createMonitor();
monitor.counter({ name: "greetings", help: "Greetings sent." }).inc();
await monitor.close();
`;

interface PackedFile {
  readonly path: string;
}

function npm(...args: string[]): string {
  return execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

describe("package", () => {
  const folder = mkdtempSync(join(tmpdir(), "package-"));
  const unpacked = join(folder, "node_modules/wasm-monitoring");
  let files: string[] = [];

  before(() => {
    const [report] = JSON.parse(
      npm("pack", "--json", "--ignore-scripts", "--pack-destination", folder),
    );
    files = report.files.map((file: PackedFile) => file.path);
    mkdirSync(unpacked, { recursive: true });
    execFileSync("tar", [
      "-xzf",
      join(folder, report.filename),
      "-C",
      unpacked,
      "--strip-components=1",
    ]);
    for (const name of [...DEPENDENCIES, ...TYPES]) {
      symlinkSync(resolve("node_modules", name), join(folder, "node_modules", name));
    }
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  });

  after(() => rmSync(folder, { recursive: true }));

  test("holds what a user needs", () => {
    assert.deepEqual(
      NEEDED.filter((path) => !files.includes(path)),
      [],
    );
  });

  test("holds nothing else", () => {
    assert.deepEqual(
      files.filter((path) => UNWANTED.test(path)),
      [],
    );
  });

  test("a user's program imports it and finds the core by its sub-path", () => {
    writeFileSync(join(folder, "user.js"), USER_PROGRAM);
    const output = execFileSync(process.execPath, ["user.js"], { cwd: folder, encoding: "utf8" });
    assert.match(output, /^greetings_total 1$/m);
    assert.match(output, /^MonitorError$/m);
  });

  test("a user's program type-checks against it", () => {
    writeFileSync(join(folder, "user.ts"), TYPED_PROGRAM);
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"];
    const tsc = resolve("node_modules/.bin/tsc");
    execFileSync(tsc, [...options, "--types", "node", "user.ts"], { cwd: folder });
  });

  test("wmon explains itself", () => {
    const program = join(unpacked, "build/host/cli/main.js");
    const output = execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" });
    assert.match(output, /run/);
    assert.match(output, /ctl/);
  });

  test("publint has no finding", async () => {
    const { messages } = await publint({ pkgDir: unpacked, strict: true, pack: false });
    assert.deepEqual(messages, []);
  });
});
