/**
 * What `wmon qcow check` does: judges an image and says what is wrong with it.
 */
import { escapeControl } from "../logs/escape.js";
import { openImage } from "../platforms/node-image.js";
import { type CheckReport, checkImage } from "../qcow/reader/check.js";
import { FINDING_KINDS, type Finding, type FindingKind } from "../qcow/reader/finding.js";
import { roundSize } from "./byte-size.js";
import { jsonLines } from "./json.js";
import { Output } from "./output.js";
import type { CheckCommandOptions } from "./qcow.js";
import { Ticker } from "./ticker.js";

const EXIT_CODES = { clean: 0, corrupt: 2, leaks: 3 } as const;

/** Checks the image at `path`; resolves with the exit code. */
export async function checkFile(path: string, options: CheckCommandOptions): Promise<number> {
  const file = openImage(path, { isReadonly: true, isLocked: !options.forceShare });
  const ticker = new Ticker();
  let tableBytes = 0;
  try {
    const onRead = (byteCount: number) => {
      tableBytes += byteCount;
      ticker.show(() => `${roundSize(tableBytes)} of tables checked`);
    };
    const report = checkImage(file, { onRead, keptMax: options.limit });
    ticker.clear();
    if (!options.quiet) {
      new Output(undefined).end(options.json ? toJson(path, report) : toText(path, report));
    }
    return EXIT_CODES[report.verdict];
  } finally {
    ticker.clear();
    file.close();
  }
}

/** With the keys of `qemu-img check --output=json`, and what that has not. */
function toJson(path: string, report: CheckReport): string {
  const { clusters } = report;
  const value = {
    filename: path,
    format: "qcow2",
    "check-errors": 0,
    "image-end-offset": report.endOffset,
    "total-clusters": report.totalClusters,
    "allocated-clusters": clusters.allocated,
    "compressed-clusters": clusters.compressed,
    "fragmented-clusters": clusters.fragmented,
    corruptions: report.corruptions,
    leaks: report.leaks,
    verdict: report.verdict,
    counts: report.counts,
    findings: report.findings,
    notes: report.notes,
  };
  return jsonLines(value);
}

function toText(path: string, report: CheckReport): string {
  const name = escapeControl(path);
  const kinds = (Object.keys(FINDING_KINDS) as FindingKind[]).filter((kind) => report.counts[kind]);
  return [
    `${name}: ${verdictOf(report)}`,
    ...kinds.flatMap((kind) => describeKind(kind, report)),
    ...report.notes.map((note) => `note: ${note}`),
    describeClusters(report),
    "",
  ].join("\n");
}

function verdictOf({ verdict, corruptions, leaks, header }: CheckReport): string {
  const leaked = `${plural(leaks, "leaked cluster")} (${roundSize(leaks * header.clusterBytes)})`;
  if (verdict === "clean") return "clean";
  if (verdict === "leaks") return `${leaked}; nothing is wrong with the data`;
  const also = leaks > 0 ? `, ${leaked}` : "";
  return `corrupt: ${plural(corruptions, "corruption")}${also}`;
}

/** The first findings of a kind, and how many more there are. */
function describeKind(kind: FindingKind, { counts, findings }: CheckReport): string[] {
  const shown = findings.filter((finding) => finding.kind === kind);
  const hidden = (counts[kind] ?? 0) - shown.reduce((sum, { count }) => sum + count, 0);
  const lines = shown.map(({ message }: Finding) => `  ${message}`);
  const more = hidden > 0 ? [`  … and ${hidden} more (--limit shows more)`] : [];
  return [`${kind} (${counts[kind]}):`, ...lines, ...more];
}

function describeClusters({ clusters, totalClusters, endOffset, header }: CheckReport): string {
  const { allocated, compressed, fragmented, zero } = clusters;
  const share = percent(allocated, totalClusters);
  const size = roundSize(header.clusterBytes);
  return [
    `${allocated} of ${plural(totalClusters, "cluster")} of ${size} allocated (${share})`,
    `${percent(fragmented, allocated)} fragmented, ${zero} zero, ${compressed} compressed`,
    `in use up to ${roundSize(endOffset)} (byte ${endOffset})`,
  ].join("; ");
}

function percent(part: number, whole: number): string {
  return `${(whole === 0 ? 0 : (100 * part) / whole).toFixed(2)} %`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
