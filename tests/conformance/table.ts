/**
 * What holds where, as a table of the README: between two marks, made from reports.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";
import { CAPABILITIES, type Capability, type Report } from "./world.js";

const README = `${ROOT}README.md`;
const BEGIN = "<!-- conformance: made by npm run conformance -->\n";
const END = "<!-- /conformance -->";

/** How the table names what a behaviour needs. */
const NAMES: Readonly<Record<Capability, string>> = {
  edge: "instruments, commands, `fetch`, push over HTTP",
  "plug-ins": "wasm plug-ins",
  "tcp push": "`flush` over `connect()`",
  sandbox: "guests under `@wasmer/wasi`",
  "service worker": "scrape through a service worker",
  traces: "memory traces of plug-ins",
  listeners: "control port, `/metrics`, push over TCP",
  "trace port": "memory trace port",
  wmon: "`wmon` itself",
};

/** A runtime and what it reported. */
export interface Column {
  readonly title: string;
  readonly report: Report;
}

/** The table, in Markdown. */
export function formatTable(columns: readonly Column[]): string {
  const titles = columns.map(({ title, report }) => titleOf(title, report));
  const rows = CAPABILITIES.map((capability) => [
    NAMES[capability],
    ...columns.map(({ report }) => cellOf(report, capability)),
  ]);
  const hashes = columns.map(({ report }) => `\`${report.coreHash.slice(0, 8)}\``);
  const lines = [["", ...titles], ["---", ...titles.map(() => "---")], ...rows];
  lines.push(["the core's SHA-256", ...hashes]);
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** Chromium is Debian's of the day: its version would change the table with the machine. */
function titleOf(title: string, { version }: Report): string {
  return title === "Chromium" ? title : `${title} ${version}`;
}

function cellOf({ outcomes }: Report, capability: Capability): string {
  const asked = outcomes.filter(({ needs }) => needs === capability);
  if (asked.length === 0) return "–";
  const failed = asked.filter(({ failure }) => failure !== undefined).length;
  return failed === 0 ? `✔ ${asked.length}` : `✖ ${failed} of ${asked.length}`;
}

/** The README's table; undefined where it has none. */
export function readTable(): string | undefined {
  const text = readFileSync(README, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  return begin < 0 || end < 0 ? undefined : text.slice(begin + BEGIN.length, end);
}

/** Puts a table in place of the README's, if it has one; whether that changed it. */
export function writeTable(table: string): boolean {
  const present = readTable();
  if (present === undefined || present === table) return false;
  const text = readFileSync(README, "utf8");
  writeFileSync(
    README,
    text.replace(BEGIN + present, () => BEGIN + table),
  );
  return true;
}
