/**
 * `npm start`: the census example under watch, counting what is in the files that the user names,
 * and what to try while it runs. Takes free ports where the default ones are in use.
 */
import { existsSync, statSync } from "node:fs";
import { dirname, isAbsolute, normalize, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { EXIT_USAGE, leave } from "./exit.js";
import type { Reach } from "./listeners.js";
import { addRunOptions, type RunOptions } from "./options.js";
import { packageFile } from "./package.js";
import { run } from "./run.js";
import { put, say } from "./stderr.js";

const GUEST = fileURLToPath(packageFile("build/examples/census.wasm"));
const DEFAULT_PATHS = ["README.md", "assembly"];

const named = process.argv.slice(2);
const paths = (named.length > 0 ? named : DEFAULT_PATHS).map(placePath);
refuseMissing(named);
const options = addRunOptions(new Command()).parse([], { from: "user" }).opts<RunOptions>();

await leave(() =>
  run({
    file: GUEST,
    args: paths.map(({ path }) => path),
    options: { ...options, dir: Object.fromEntries(paths.map(({ dir }) => [dir, dir])) },
    isFlexible: true,
    onReady: invite,
  }),
);

/** Before anything starts: the guest would say it too, but after a screen of what to try. */
function refuseMissing(named: readonly string[]): void {
  const missing = named.filter((path) => !path.startsWith("-") && !existsSync(path));
  if (missing.length === 0) return;
  say(`${missing.join(", ")}: no such file or directory; name files or directories to count`);
  process.exit(EXIT_USAGE);
}

/** The path as the guest names it, and the directory that it must see for it. */
function placePath(path: string): { path: string; dir: string } {
  if (!isAbsolute(path) && !normalize(path).startsWith("..")) return { path, dir: "." };
  const whole = resolve(path);
  const isDirectory = statSync(whole, { throwIfNoEntry: false })?.isDirectory();
  return { path: whole, dir: isDirectory ? whole : dirname(whole) };
}

function invite({ control = "", metrics = "", memtrace = "" }: Reach): void {
  const port = control.slice(control.lastIndexOf(":") + 1);
  const to = port === "2323" ? "" : `--to ${control} `;
  const from = memtrace.endsWith(":4242") ? "" : ` --from ${memtrace}`;
  const commands: [string, string][] = [
    [`printf 'l*' | nc 127.0.0.1 ${port}`, "its log levels"],
    [`curl -s ${metrics} | grep census`, "what it counts"],
    [`npx wmon ctl ${to}'Lfiles:debug for 10s'`, "a line a file, for ten seconds"],
    [`npx wmon trace${from} --seconds 5`, "where it allocates, in trace.ctf"],
    ["npx wmon report trace.ctf --format html -o trace.html", "the same, as a page"],
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = commands
    .map(([command, what]) => `  ${command.padEnd(width)}   ${what}\n`)
    .join("");
  const names = paths.map(({ path }) => path).join(" ");
  put(
    2,
    `\nA WebAssembly program counts words in ${names}. Try, in another terminal:\n\n${lines}\n`,
  );
  put(2, "Ctrl-C ends it.\n\n");
}
