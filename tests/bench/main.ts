/**
 * The benchmarks: `npm run bench`, `npm run bench -- --json`, `npm run bench -- histogram scrape`.
 * With `--json` every row is one JSON object on a line.
 */
import { COUNTER_ROWS } from "./counter.js";
import { EXPOSITION_ROWS } from "./exposition.js";
import { GUEST_ROWS } from "./guest.js";
import { HISTOGRAM_ROWS } from "./histogram.js";
import { INFLUX_ROWS } from "./influx.js";
import { MEMORY_ROWS } from "./memory.js";
import { isKept, type Result, type Row } from "./row.js";
import { SCRAPE_ROWS } from "./scrape.js";
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
];

const NAME_WIDTH = 30;
const VALUE_WIDTH = 13;

function significant(value: number): number {
  return Number(value.toPrecision(4));
}

/** The row as programs read it; `ratio` is how many times the peer takes. */
function jsonLine(row: Row, { ours, peer, handles }: Result): string {
  return JSON.stringify({
    name: row.name,
    ours_ns: significant(ours),
    peer: row.peer ?? null,
    peer_ns: peer === undefined ? null : significant(peer),
    ratio: peer === undefined ? null : significant(peer / ours),
    unit: row.unit ?? "ns",
    ...(handles === undefined ? {} : { handles: significant(handles) }),
  });
}

function tableLine(row: Row, result: Result): string {
  const unit = row.unit ?? "ns";
  const ratio = result.peer === undefined ? "" : `${significant(result.peer / result.ours)}×`;
  const promise = row.oursMax === undefined ? `≥ ${row.ratioMin}×` : `≤ ${row.oursMax} ${unit}`;
  const cells = [valueText(result.ours, unit), valueText(result.peer, unit), ratio, promise];
  const mark = isKept(row, result) ? "✔" : "✖";
  const text = cells.map((cell) => cell.padStart(VALUE_WIDTH)).join("");
  const { handles } = result;
  const note = handles === undefined ? "" : `  and ${significant(handles)} ${unit} of handles`;
  return `${mark} ${row.name.padEnd(NAME_WIDTH)}${text}${note}`;
}

/** A number in the unit that people read it in. */
function valueText(value: number | undefined, unit: string): string {
  if (value === undefined) return "";
  if (unit !== "ns" || value < 1e3) return `${significant(value)} ${unit}`;
  return value < 1e6 ? `${significant(value / 1e3)} µs` : `${significant(value / 1e6)} ms`;
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
