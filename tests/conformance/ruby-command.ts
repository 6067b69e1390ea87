/**
 * Makes WASI commands in build/conformance/ from the npm package in package.json, which ships Ruby
 * as a library for JavaScript hosts: merges it with `ruby-command.wat`, which gives it a `_start`,
 * and with `js-stub.wat` in place of JavaScript; then drops every other export, because a WASI
 * command may have no `_initialize`. The interpreter's code stays as its makers built it.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";
import { FOLDER, installPackages } from "./installation.js";

const PACKAGE = `${FOLDER}/node_modules/@ruby/3.4-wasm-wasi`;
const OUTPUT_FOLDER = `${ROOT}build/conformance`;

/** The builds in the package: the small one has no names, the other one has them and DWARF. */
const BUILDS = { ruby: "ruby.wasm", "ruby-named": "ruby.debug+stdlib.wasm" };

export type RubyBuild = keyof typeof BUILDS;

/** What clang used; binaryen must be told, and `all` would write what V8 refuses. */
const FEATURES = [
  "--enable-bulk-memory",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-nontrapping-float-to-int",
];

const KEPT_EXPORTS = ["memory", "_start"];

/** What came of it: a path, or why there is none. */
export type Made = { readonly path: string } | { readonly missing: string };

/** Installs the packages, and makes the command if it is older than what it is made of. */
export function makeRubyCommand(build: RubyBuild = "ruby"): Made {
  const lack = installPackages();
  if (lack !== undefined && !existsSync(PACKAGE)) return { missing: lack };
  const path = `${OUTPUT_FOLDER}/${build}.wasm`;
  if (!isFresh(path)) merge(build, path);
  return { path };
}

function isFresh(path: string): boolean {
  if (!existsSync(path)) return false;
  const { mtimeMs } = statSync(path);
  return ["package.json", "ruby-command.wat", "js-stub.wat"].every(
    (name) => statSync(`${FOLDER}/${name}`).mtimeMs < mtimeMs,
  );
}

function merge(build: RubyBuild, path: string): void {
  mkdirSync(OUTPUT_FOLDER, { recursive: true });
  const merged = `${OUTPUT_FOLDER}/merged.wasm`;
  const pruned = `${OUTPUT_FOLDER}/pruned.wasm`;
  const graph = `${OUTPUT_FOLDER}/exports.json`;
  const stub = `${FOLDER}/js-stub.wat`;
  const library = `${PACKAGE}/dist/${BUILDS[build]}`;
  const modules = [`${FOLDER}/ruby-command.wat`, "command", library, "ruby"];
  modules.push(stub, "rb-js-abi-host", stub, "canonical_abi");
  binaryen("wasm-merge", ...modules, "--rename-export-conflicts", "-g", "-o", merged);
  const roots = KEPT_EXPORTS.map((name) => ({ name, export: name, root: true }));
  writeFileSync(graph, JSON.stringify(roots));
  binaryen("wasm-metadce", merged, "-g", "-f", graph, "-o", pruned);
  rmSync(merged);
  renameSync(pruned, path);
}

function binaryen(tool: string, ...options: string[]): void {
  const program = `${ROOT}node_modules/binaryen/bin/${tool}`;
  const { status, stderr } = spawnSync(process.execPath, [program, ...FEATURES, ...options], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${tool}: ${stderr}`);
}
