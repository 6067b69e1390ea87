/**
 * `wmon link`: joins a guest and its monitor into one file that needs nothing but WASI.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { MonitorError } from "../errors.js";
import type { TracedGuest } from "../link/traced.js";
import { leave } from "./exit.js";
import { packageFile } from "./package.js";
import { put } from "./stderr.js";

interface LinkCommandOptions {
  readonly output?: string;
  readonly standalone?: boolean;
  readonly memtrace?: boolean;
}

const LINK_HELP = `
Examples:
  wmon link app.wasm                            makes app.monitored.wasm
  wasmtime run --dir ./out::/monitor --env WMON_PUSH=/monitor/metrics.influx app.monitored.wasm
  wazero run -mount=./out:/monitor -env WMON_PROMETHEUS=/monitor/app.prom app.monitored.wasm
  echo 'L*:debug' >> ./out/control              with WMON_CONTROL=/monitor/control
  wmon link --memtrace app.wasm                 one that can trace its memory; when it has run with
  wmon report ./out/app.ctf                     WMON_MEMTRACE=/monitor/app.ctf
  echo 'Mmemtrace:on for 30s' >> ./out/control  and WMON_METRICS=memtrace:off: half a minute
  wmon link --standalone -o wmon-execd.wasm     the monitor alone, for Telegraf's execd

What is made runs in any WASI preview1 runtime and takes its options from the environment:
  WMON_PUSH=PATH|fd:N      line protocol, appended to a file or pipe; fd:1 is standard output
  WMON_PROMETHEUS=PATH     a file that always holds a whole exposition (node_exporter's textfile)
  WMON_CONTROL=PATH        commands, a line each; replies are appended to PATH.reply
  WMON_INTERVAL=TIME       time between two pushes (default 10s): 500ms, 2s, 1m
  WMON_HOSTNAME=NAME       tag vm=NAME on every pushed line
  WMON_TIMESTAMPS=ns|none  timestamps on pushed lines
  WMON_LOG_LEVEL=SETTINGS  log levels from the start: 'info' or '*:info,dns:debug'
  WMON_METRICS=SETTINGS    sources on or off from the start: '*:off,memory:on'
  WMON_MEMTRACE=PATH       with --memtrace: a trace of the guest's memory while the source memtrace
                           is on, as it is from the start; the next ones go to PATH.2, PATH.3
  WMON_SAMPLING_RATE=RATE  of traces, the probability that a word is sampled (default 1e-4)
Paths lie in a directory that the runtime is told to give. Log messages go to standard error.

The monitor is looked after when the guest calls WASI, at most every 100 ms, and pushes once more
when the guest ends; a guest that computes without any call of WASI is not watched meanwhile, and
after a trap there is no last push.

Exit code: 0; 2 when the guest cannot be linked, or a file cannot be read or written.
`;

/** Adds the command. */
export function addLinkCommand(program: Command): void {
  program
    .command("link")
    .description("Join a WASI program and its monitor into one file for any WASI runtime.")
    .argument("[guest.wasm]", "a WASI preview1 command")
    .option(
      "-o, --output <file>",
      "where to write it; by default beside it, as guest.monitored.wasm",
    )
    .option("--standalone", "no guest: the monitor alone, driven by lines on standard input")
    .option("--memtrace", "make an image that can trace its memory: hook the guest's allocators")
    .addHelpText("after", LINK_HELP)
    .action((file: string | undefined, options: LinkCommandOptions) =>
      leave(() => linkFile(file, options)),
    );
}

async function linkFile(file: string | undefined, options: LinkCommandOptions): Promise<number> {
  const { standalone = false, memtrace = false } = options;
  if (standalone === (file !== undefined)) {
    const what = standalone ? "--standalone takes no guest" : "name the guest's file";
    throw new MonitorError("OPTION_INVALID", `${what}: wmon link guest.wasm, or --standalone`);
  }
  if (standalone && memtrace) {
    throw new MonitorError("OPTION_INVALID", "--memtrace needs a guest: leave out --standalone");
  }
  const output = options.output ?? defaultOutput(file);
  if (output === undefined) {
    throw new MonitorError("OPTION_INVALID", "say where to write it: -o <file>");
  }
  if (file !== undefined && resolve(file) === resolve(output)) {
    throw new MonitorError("OPTION_INVALID", `${output}: is the guest itself; name another file`);
  }
  const [before, bytes] = await linkBytes(file, memtrace);
  await writeResult(output, bytes);
  put(1, `${output}: ${before === 0 ? "" : `${before} -> `}${bytes.length} bytes\n`);
  return 0;
}

function defaultOutput(file: string | undefined): string | undefined {
  return file && `${file.replace(/\.wasm$/, "")}.monitored.wasm`;
}

/** Bytes of the guest, and the image. */
async function linkBytes(
  file: string | undefined,
  memtrace: boolean,
): Promise<[number, Uint8Array]> {
  const [{ linkGuest, linkStandalone }, { readProgram }, monitor] = await Promise.all([
    import("../link/link.js"),
    import("../wasi/program.js"),
    readFile(packageFile(memtrace ? "build/link-memtrace.wasm" : "build/link.wasm")),
  ]);
  if (file === undefined) return [0, linkStandalone(monitor)];
  const guest = await readProgram(file);
  try {
    if (!memtrace) return [guest.length, linkGuest(guest, monitor)];
    const { bytes, places } = await hook(file, guest);
    return [guest.length, linkGuest(bytes, monitor, places)];
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    throw new MonitorError(error.code, `${file}: ${error.message}`, { cause: error });
  }
}

/** Hooks its allocators, and says what a user should know of that. */
async function hook(file: string, guest: Uint8Array): Promise<TracedGuest> {
  const [{ traceGuest }, { findDebugFiles }] = await Promise.all([
    import("../link/traced.js"),
    import("../wasi/debug-files.js"),
  ]);
  const findDebug = (original: Uint8Array) => findDebugFiles(file, original);
  const traced = await traceGuest(guest, { name: basename(file), findDebug });
  for (const warning of traced.warnings) put(2, `wmon: ${file}: ${warning}\n`);
  return traced;
}

/** Whole or not at all: what was there stays until the new file is complete. */
async function writeResult(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.tmp`;
  try {
    await writeFile(draft, bytes);
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true });
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT" ? "no such directory" : code === "EISDIR" ? "it is a directory" : message;
    throw new MonitorError("OPTION_INVALID", `${file}: cannot be written: ${reason}`, { cause });
  }
}
