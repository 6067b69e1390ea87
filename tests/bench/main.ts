/**
 * The benchmarks: `npm run bench`, `npm run bench -- --json`, `npm run bench -- histogram scrape`.
 * With `--json` every row is one JSON object on a line.
 */
import { BLOCK_ROWS } from "./block.js";
import { COUNTER_ROWS } from "./counter.js";
import { DISK_ROWS } from "./disk.js";
import { EDGE_ROWS } from "./edge.js";
import { EXPOSITION_ROWS } from "./exposition.js";
import { GUEST_ROWS } from "./guest.js";
import { HISTOGRAM_ROWS } from "./histogram.js";
import { INFLUX_ROWS } from "./influx.js";
import { LINK_ROWS } from "./link.js";
import { MEMORY_ROWS } from "./memory.js";
import { MEMTRACE_ENCODE_ROWS } from "./memtrace-encode.js";
import { MEMTRACE_INSTRUMENT_ROWS } from "./memtrace-instrument.js";
import { MEMTRACE_OVERHEAD_ROWS } from "./memtrace-overhead.js";
import {
  isKept,
  overheadPercent,
  promiseText,
  type Result,
  type Row,
  significant,
  valueText,
} from "./row.js";
import { SCRAPE_ROWS } from "./scrape.js";
import { SOCKET_ROWS } from "./sockets.js";
import { START_ROWS } from "./start.js";

const ROWS: readonly Row[] = [
  ...COUNTER_ROWS,
  ...HISTOGRAM_ROWS,
  ...EXPOSITION_ROWS,
  ...INFLUX_ROWS,
  ...SCRAPE_ROWS,
  ...START_ROWS,
  ...GUEST_ROWS,
  ...MEMORY_ROWS,
  ...MEMTRACE_ENCODE_ROWS,
  ...MEMTRACE_OVERHEAD_ROWS,
  ...MEMTRACE_INSTRUMENT_ROWS,
  ...DISK_ROWS,
  ...BLOCK_ROWS,
  ...SOCKET_ROWS,
  ...EDGE_ROWS,
  ...LINK_ROWS,
];

const NAME_WIDTH = 46;
const VALUE_WIDTH = 13;

/** The row as programs read it; `ratio` is how many times the peer takes. */
function jsonLine(row: Row, result: Result): string {
  const { ours, peer, handles } = result;
  return JSON.stringify({
    name: row.name,
    ours_ns: significant(ours),
    peer: row.peer ?? null,
    peer_ns: peer === undefined ? null : significant(peer),
    ratio: peer === undefined ? null : significant(peer / ours),
    unit: row.unit ?? "ns",
    ...(row.overheadMax === undefined ? {} : { overhead_percent: percent(result) }),
    ...(handles === undefined ? {} : { handles: significant(handles) }),
  });
}

function tableLine(row: Row, result: Result): string {
  const unit = row.unit ?? "ns";
  const { ours, peer, handles } = result;
  const peerText = peer === undefined ? "" : valueText(peer, unit);
  const cells = [valueText(ours, unit), peerText, ratioText(row, result), promiseText(row)];
  const mark = isKept(row, result) ? "✔" : "✖";
  const text = cells.map((cell) => cell.padStart(VALUE_WIDTH)).join("");
  const note = handles === undefined ? "" : `  and ${significant(handles)} ${unit} of handles`;
  return `${mark} ${row.name.padEnd(NAME_WIDTH)}${text}${note}`;
}

function ratioText({ overheadMax }: Row, result: Result): string {
  if (result.peer === undefined) return "";
  if (overheadMax === undefined) return `${significant(result.peer / result.ours)}×`;
  const overhead = percent(result);
  return `${overhead < 0 ? "" : "+"}${overhead} %`;
}

/** The overhead to a hundredth. */
function percent(result: Result): number {
  return Math.round(overheadPercent(result) * 100) / 100;
}

const names = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const isJson = process.argv.includes("--json");
const chosen = ROWS.filter(
  ({ name }) => names.length === 0 || names.some((part) => name.includes(part)),
);

if (!isJson) {
  const heads = ["ours", "peer", "ratio", "promise"];
  console.log(`  ${"row".padEnd(NAME_WIDTH)}${heads.map((h) => h.padStart(VALUE_WIDTH)).join("")}`);
}
for (const row of chosen) {
  try {
    const result = await row.run();
    console.log(isJson ? jsonLine(row, result) : tableLine(row, result));
  } catch (error) {
    console.error(`✖ ${row.name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
