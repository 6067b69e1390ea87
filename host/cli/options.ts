/**
 * The options of `wmon run`: declared once for the command line, read once into values. What is
 * wrong with one is said before anything starts.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Address, parseAddress } from "../address.js";
import { addBlock, type BlockChoice, parseBlock } from "../block/choice.js";
import type { Stacks } from "../instrument/description.js";
import { parseDurationMs } from "./duration.js";

/** Where a listener goes: an address that was asked for, the default one, or nowhere. */
export type Place =
  | { readonly kind: "explicit" | "default"; readonly address: Address }
  | { readonly kind: "off" };

/** Options of `wmon run` as commander hands them over. */
export interface RunOptions {
  readonly push: readonly string[];
  readonly interval: number;
  readonly hostname?: string;
  readonly control: Place;
  readonly prometheus: Place;
  readonly memtrace: Place;
  readonly memtraceFile?: string;
  readonly samplingRate: number;
  readonly stacks: Stacks;
  /** Undefined: the default of the kind of trace. */
  readonly maxSamples?: number;
  readonly logLevel?: string;
  readonly metrics?: string;
  readonly strict?: boolean;
  readonly timestamps: "ns" | "none";
  readonly allowRemote?: boolean;
  readonly controlToken?: string;
  readonly dir: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly sandbox?: boolean;
  readonly block: readonly BlockChoice[];
  /** Where the guest listens, in the order of its descriptors. */
  readonly tcplisten: readonly Address[];
  readonly logFormat: "text" | "json";
  readonly logTo: string;
}

/** The environment variable of the control token: an argument can be read by everyone in `ps`. */
export const TOKEN_VARIABLE = "WMON_CONTROL_TOKEN";

const CONTROL_PORT = 2323;
const PROMETHEUS_PORT = 9090;
const MEMTRACE_PORT = 4242;

const SAMPLING_RATE = 1e-4;

const INTERVAL_MIN_MS = 10;
const INTERVAL_MAX_MS = 24 * 3_600_000;

/** Declares the options of `wmon run`. */
export function addRunOptions(command: Command): Command {
  addMetricsOptions(command);
  addListenerOptions(command);
  addTraceOptions(command);
  addGuestOptions(command);
  return addLogOptions(command);
}

function addMetricsOptions(command: Command): void {
  const push = new Option(
    "--push <url>",
    "push line protocol there (repeatable); see Receivers below",
  );
  const interval = new Option("--interval <time>", "time between two pushes: 500ms, 2s, 1m");
  const timestamps = new Option("--timestamps <unit>", "timestamps on pushed lines");
  command
    .addOption(push.argParser(append).default([], "nowhere"))
    .addOption(interval.argParser(parseInterval).default(10_000, "10s"))
    .option("--hostname <name>", "tag vm=<name> on every pushed line")
    .addOption(timestamps.choices(["ns", "none"]).default("ns"))
    .option("--metrics <settings>", "sources on or off from the start: '*:off,memory:on'");
}

function addListenerOptions(command: Command): void {
  command
    .addOption(place("--control <address>", "control port", CONTROL_PORT))
    .addOption(place("--prometheus <address>", "HTTP port that serves /metrics", PROMETHEUS_PORT))
    .addOption(place("--memtrace <address>", "memory trace port", MEMTRACE_PORT))
    .option("--allow-remote", "let --control, --memtrace, --tcplisten listen beyond this machine")
    .addOption(
      new Option(
        "--control-token <token>",
        "first line of a control connection, bearer token of a scrape; better by the variable, " +
          "for arguments show in ps",
      ).env(TOKEN_VARIABLE),
    )
    .option("--strict", "control port and names exactly as the original has them");
}

function addTraceOptions(command: Command): void {
  const rate = new Option(
    "--sampling-rate <rate>",
    "probability that an allocated word is sampled",
  );
  const stacks = new Option("--stacks <kind>", "who finds call stacks: the engine, or the guest");
  const most = new Option(
    "--max-samples <count>",
    "sampled allocations a second past which a trace ends, 0 for no cap; by default 3000 with " +
      "engine stacks, 30000 with shadow stacks, none for --memtrace-file",
  );
  command
    .option("--memtrace-file <file>", "trace into a file, from the first allocation to the end")
    .addOption(rate.argParser(parseRate).default(SAMPLING_RATE, "1e-4"))
    .addOption(stacks.choices(["engine", "shadow"]).default("engine"))
    .addOption(most.argParser(parseCount));
}

function addGuestOptions(command: Command): void {
  const dir = new Option("--dir <host[::guest]>", "let the guest see a directory (repeatable)");
  const env = new Option("--env <name=value>", "set a variable for the guest (repeatable)");
  const block = new Option(
    "--block <name=file>",
    "give the guest a disk: a raw or qcow2 image (repeatable); see Disks below",
  );
  const listen = new Option(
    "--tcplisten <address>",
    "give the guest a listening socket, after its directories (repeatable)",
  );
  command
    .addOption(dir.argParser(appendDirectory).default({}, "none"))
    .addOption(listen.argParser(appendAddress).default([], "none"))
    .addOption(env.argParser(appendVariable).default({}, "none"))
    .addOption(block.argParser(appendBlock).default([], "none"))
    .option(
      "--sandbox",
      "give the guest copies of its directories in memory, not the files",
      false,
    );
}

function addLogOptions(command: Command): Command {
  const format = new Option("--log-format <format>", "form of log lines on standard error");
  return command
    .option("-l, --log-level <settings>", "log levels from the start: 'info' or '*:info,dns:debug'")
    .addOption(format.choices(["text", "json"]).default("text"))
    .option(
      "--log-to <where>",
      "stderr, syslog+udp://HOST[:514] or syslog+tcp://HOST[:514]",
      "stderr",
    );
}

function place(flags: string, description: string, port: number): Option {
  return new Option(flags, `${description}, or off`)
    .argParser((text): Place => parsePlace(text, port))
    .default({ kind: "default", address: localAddress(port) }, `tcp:127.0.0.1:${port}`);
}

function parsePlace(text: string, port: number): Place {
  if (text === "off") return { kind: "off" };
  return { kind: "explicit", address: invalidUnless(() => parseAddress(text, { port })) };
}

/** The option of `wmon ctl` that names a control port. */
export function targetOption(): Option {
  return address("--to <address>", "control port", CONTROL_PORT);
}

/** The option of `wmon trace` that names a memory trace port. */
export function sourceOption(): Option {
  return address("--from <address>", "memory trace port", MEMTRACE_PORT);
}

function address(flags: string, description: string, port: number): Option {
  return new Option(flags, description)
    .argParser((text) => invalidUnless(() => parseAddress(text, { port })))
    .default(localAddress(port), `tcp:127.0.0.1:${port}`);
}

function localAddress(port: number): Address {
  return { kind: "tcp", host: "127.0.0.1", port };
}

function invalidUnless<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function append(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, text];
}

function parseInterval(text: string): number {
  const intervalMs = parseDurationMs(text);
  if (intervalMs !== undefined && intervalMs >= INTERVAL_MIN_MS && intervalMs <= INTERVAL_MAX_MS) {
    return intervalMs;
  }
  throw new InvalidArgumentError("Write a time from 10ms to 24h: 500ms, 2s, 1m.");
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (text.trim() !== "" && rate > 0 && rate <= 1) return rate;
  throw new InvalidArgumentError("Write a probability above 0 and at most 1: 1e-4, 0.01, 1.");
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a whole number, such as 3000; 0 is no cap.");
}

/** Without `::` the guest sees the directory under the name that the user gave. */
function appendDirectory(text: string, previous: Readonly<Record<string, string>>) {
  const separatorAt = text.indexOf("::");
  const host = separatorAt < 0 ? text : text.slice(0, separatorAt);
  const guest = separatorAt < 0 ? text : text.slice(separatorAt + 2);
  if (host !== "" && guest !== "") return { ...previous, [guest]: host };
  throw new InvalidArgumentError("Write HOST or HOST::GUEST, as in ./data::/data.");
}

function appendAddress(text: string, previous: readonly Address[]): readonly Address[] {
  return [...previous, invalidUnless(() => parseAddress(text))];
}

function appendBlock(text: string, previous: readonly BlockChoice[]): readonly BlockChoice[] {
  return invalidUnless(() => addBlock(parseBlock(text), previous));
}

function appendVariable(text: string, previous: Readonly<Record<string, string>>) {
  const equalsAt = text.indexOf("=");
  if (equalsAt > 0) return { ...previous, [text.slice(0, equalsAt)]: text.slice(equalsAt + 1) };
  throw new InvalidArgumentError("Write NAME=VALUE.");
}
