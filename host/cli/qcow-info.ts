/**
 * What `wmon qcow info` does: says what an image is, from its header and snapshot table.
 */
import { statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { escapeControl } from "../logs/escape.js";
import { openImage } from "../platforms/node-image.js";
import { type ImageInfo, readInfo } from "../qcow/reader/info.js";
import type { Snapshot } from "../qcow/reader/snapshots.js";
import { exactSize, roundSize } from "./byte-size.js";
import { jsonLines } from "./json.js";
import { Output } from "./output.js";

/** Of the unit in which a file system counts. */
const STAT_BLOCK_BYTES = 512;
const NS_PER_S = 1_000_000_000n;

/** Describes the image at `path`; resolves with the exit code. */
export async function showInfo(path: string, { json }: { json?: boolean }): Promise<number> {
  const file = openImage(path, { isReadonly: true, isLocked: false });
  try {
    const info = readInfo(file);
    const usedBytes = statSync(path).blocks * STAT_BLOCK_BYTES;
    const text = json ? toJson(path, info, usedBytes) : toText(path, info, usedBytes);
    new Output(undefined).end(text);
    return 0;
  } finally {
    file.close();
  }
}

/** With the keys of `qemu-img info --output=json`, and what that has not. */
function toJson(path: string, info: ImageInfo, usedBytes: number): string {
  const { header, snapshots } = info;
  const { backingFile, backingFormat } = header;
  const behind =
    backingFile === undefined
      ? {}
      : { "backing-filename": backingFile, "full-backing-filename": besides(path, backingFile) };
  return jsonLines({
    filename: path,
    format: "qcow2",
    "virtual-size": header.capacityBytes,
    "actual-size": usedBytes,
    "file-size": info.fileBytes,
    "cluster-size": header.clusterBytes,
    ...behind,
    ...(backingFormat === undefined ? {} : { "backing-filename-format": backingFormat }),
    ...(snapshots.length === 0 ? {} : { snapshots: snapshots.map(snapshotJson) }),
    "dirty-flag": header.isDirty,
    "format-specific": {
      type: "qcow2",
      data: {
        compat: header.version === 3 ? "1.1" : "0.10",
        "compression-type": info.compression,
        "lazy-refcounts": header.lazyRefcounts,
        "refcount-bits": info.refcountBits,
        corrupt: header.isCorrupt,
        "extended-l2": false,
        bitmaps: info.bitmaps,
      },
    },
  });
}

function snapshotJson(snapshot: Snapshot): object {
  return {
    id: snapshot.id,
    name: snapshot.name,
    "vm-state-size": snapshot.stateBytes,
    "date-sec": snapshot.seconds,
    "date-nsec": snapshot.nanoseconds,
    "vm-clock-sec": Number(snapshot.clockNs / NS_PER_S),
    "vm-clock-nsec": Number(snapshot.clockNs % NS_PER_S),
  };
}

function toText(path: string, info: ImageInfo, usedBytes: number): string {
  const { header, snapshots } = info;
  const rows: [string, string][] = [
    ["image", path],
    ["format", `qcow2, version ${header.version}`],
    ["disk", sizeText(header.capacityBytes)],
    ["file", `${sizeText(info.fileBytes)}, ${roundSize(usedBytes)} of it on disk`],
    ["clusters", `${exactSize(header.clusterBytes)}, refcounts of ${info.refcountBits} bits`],
    ["lazy refcounts", header.lazyRefcounts ? "yes" : "no"],
    ["state", stateOf(info)],
  ];
  const { backingFile, backingFormat } = header;
  if (backingFile !== undefined) {
    rows.push(["backing file", `${backingFile} (${backingFormat ?? "format not said"})`]);
  }
  if (info.compression !== "zlib") rows.push(["compression", info.compression]);
  if (info.bitmaps !== "none") {
    rows.push(["bitmaps", info.bitmaps === "kept" ? "yes" : "yes, out of date"]);
  }
  if (info.unknownExtensions.length > 0) {
    const types = info.unknownExtensions.map((type) => `0x${type.toString(16)}`);
    rows.push(["extensions", `unknown: ${types.join(", ")}`]);
  }
  if (header.snapshotCount > 0) rows.push(["snapshots", String(header.snapshotCount)]);
  const lines = [
    ...rows.map(([key, value]) => `${key.padEnd(16)}${escapeControl(value)}`),
    ...snapshotLines(snapshots),
  ];
  return `${lines.join("\n")}\n`;
}

function stateOf({ header }: ImageInfo): string {
  if (header.isCorrupt) return "corrupt: an earlier writer said so; see wmon qcow check";
  return header.isDirty ? "dirty: in use, or its writer did not close it" : "clean";
}

function snapshotLines(snapshots: readonly Snapshot[]): string[] {
  if (snapshots.length === 0) return [];
  const rows = [
    ["id", "name", "machine state", "taken (UTC)"],
    ...snapshots.map((snapshot) => [
      escapeControl(snapshot.id),
      escapeControl(snapshot.name),
      roundSize(snapshot.stateBytes),
      new Date(snapshot.seconds * 1000).toISOString().slice(0, 19).replace("T", " "),
    ]),
  ];
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return rows.map(
    (row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`,
  );
}

function sizeText(byteCount: number): string {
  return `${roundSize(byteCount)} (${byteCount} bytes)`;
}

function besides(path: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(path), name);
}
