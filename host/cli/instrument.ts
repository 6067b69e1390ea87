/**
 * `wmon instrument`: hooks a guest's allocators ahead of time, or says what it would hook.
 */
import { readFile, writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { MonitorError } from "../errors.js";
import type { HookDescription, Stacks } from "../instrument/description.js";
import { leave } from "./exit.js";
import { put } from "./stderr.js";

interface InstrumentCommandOptions {
  readonly output?: string;
  readonly stacks: Stacks;
  readonly list?: boolean;
}

const INSTRUMENT_HELP = `
Examples:
  wmon instrument app.wasm -o hooked.wasm       then: wmon run hooked.wasm
  wmon instrument app.wasm --list               what would be hooked

wmon run hooks a guest by itself as it loads; hook it ahead of time to save that, or to run it
elsewhere: the result imports nothing new and runs anywhere.

Hooks malloc and its family (C, C++), __rust_alloc (Rust), __new (AssemblyScript), runtime.alloc
(TinyGo). They are found by name: keep the names (C, Rust: do not strip; AssemblyScript: --debug).

Exit code: 0; 1 when there is nothing to hook, and nothing is written; 2 when the file cannot be
read or written, or an option is wrong.
`;

/** Nothing was hooked. */
const EXIT_NOTHING = 1;

/** Adds the command. */
export function addInstrumentCommand(program: Command): void {
  const stacks = new Option(
    "--stacks <kind>",
    "who finds call stacks: the engine (V8), or the guest itself, for any engine",
  );
  program
    .command("instrument")
    .description("Hook a guest's allocators for memory traces, ahead of time.")
    .argument("<guest.wasm>", "a core module; a WASI command or a plug-in")
    .option("-o, --output <file>", "where to write it")
    .addOption(stacks.choices(["engine", "shadow"]).default("engine"))
    .option("--list", "only say what would be hooked, and what not")
    .addHelpText("after", INSTRUMENT_HELP)
    .action((file: string, options: InstrumentCommandOptions) =>
      leave(() => instrumentFile(file, options)),
    );
}

async function instrumentFile(file: string, options: InstrumentCommandOptions): Promise<number> {
  const { output, list } = options;
  if (output === undefined && !list) {
    throw new MonitorError("OPTION_INVALID", "say where to write it: -o <file>, or --list");
  }
  const bytes = await readGuest(file);
  const { description, warnings, result } = await hook(file, bytes, options);
  put(1, await describe(description, warnings));
  if (description.hooked.length === 0) return EXIT_NOTHING;
  if (output === undefined || list) return 0;
  await writeResult(output, result);
  put(1, `\n${output}: ${bytes.length} -> ${result.length} bytes, ${description.stacks} stacks\n`);
  return 0;
}

/** Of a module that is instrumented already, `--list` shows what was hooked then. */
async function hook(
  file: string,
  bytes: Uint8Array,
  { stacks, list }: InstrumentCommandOptions,
): Promise<{
  readonly description: HookDescription;
  readonly warnings: readonly string[];
  readonly result: Uint8Array;
}> {
  const { instrument } = await import("../instrument/instrument.js");
  const { readDescription } = await import("../instrument/description.js");
  try {
    const before = list ? readDescription(bytes) : undefined;
    if (before) return { description: before, warnings: before.notHooked, result: bytes };
    const made = instrument(bytes, { stacks });
    return { ...made, result: made.bytes };
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    throw new MonitorError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

async function describe({ hooked }: HookDescription, warnings: readonly string[]): Promise<string> {
  const { demangle } = await import("../symbols/demangling/demangle.js");
  const rows = hooked.map(({ name, role, found, index }) => [
    demangle(name),
    role,
    `by ${found}, function ${index}`,
  ]);
  const widths = [0, 1].map((column) =>
    Math.max(0, ...rows.map((row) => (row[column] as string).length)),
  );
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "),
  );
  const head = hooked.length > 0 ? ["hooked:", ...lines.map((line) => `  ${line}`)] : [];
  const tail = warnings.length > 0 ? ["not hooked:", ...warnings.map((text) => `  ${text}`)] : [];
  return `${[...head, ...tail].join("\n")}\n`;
}

async function readGuest(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new MonitorError("GUEST_INVALID", `${file}: cannot be read: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

async function writeResult(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (cause) {
    throw new MonitorError("OPTION_INVALID", `${file}: cannot be written: ${reasonOf(cause)}`, {
      cause,
    });
  }
}

function reasonOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === "ENOENT") return "no such file or directory";
  return code === "EISDIR" ? "it is a directory" : message;
}
