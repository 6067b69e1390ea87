/**
 * What metering files costs: the same guest's reads and writes of a warm file, metered by us and on
 * node:wasi alone. Alone means in the thinnest closure: its functions themselves, handed to an
 * instance, crash Node 20 at random. In processes of their own, for where code lies matters too.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./measure.js";
import type { Result, Row } from "./row.js";

const PROGRAM = fileURLToPath(new URL("./disk-pair.js", import.meta.url));

/** Processes; the one in the middle counts. */
const EDITIONS = 7;

/** Runs pairs of rounds in processes of their own; the middle of what each adds to a call. */
function compare(call: "pread" | "pwrite", byteCount: number): Result {
  const pairs = Array.from({ length: EDITIONS }, () => {
    const args = ["--no-warnings", PROGRAM, call, String(byteCount)];
    const [ours = Number.NaN, peer = Number.NaN] = execFileSync(process.execPath, args, {
      encoding: "utf8",
    })
      .trim()
      .split(" ")
      .map(Number);
    return { ours, peer };
  });
  const peer = median(pairs.map((pair) => pair.peer));
  return { ours: peer * median(pairs.map((pair) => pair.ours / pair.peer)), peer };
}

export const DISK_ROWS: readonly Row[] = [
  row("disk_read_4KiB_overhead", "pread", 4096, 5),
  row("disk_write_4KiB_overhead", "pwrite", 4096, 5),
  row("disk_read_64KiB_overhead", "pread", 65536, 2),
  row("disk_write_64KiB_overhead", "pwrite", 65536, 2),
];

function row(name: string, call: "pread" | "pwrite", byteCount: number, overheadMax: number): Row {
  return { name, peer: "node:wasi", overheadMax, run: async () => compare(call, byteCount) };
}
