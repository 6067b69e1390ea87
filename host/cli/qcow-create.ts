/**
 * What `wmon qcow create` does: makes an empty image, or nothing at all.
 */
import { lstatSync, renameSync, unlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import { escapeControl } from "../logs/escape.js";
import { createImage, openImage } from "../platforms/node-image.js";
import { createQcow } from "../qcow/create.js";
import { isQcow, parseHeader } from "../qcow/header.js";
import { exactSize, roundSize, wholeSectors } from "./byte-size.js";
import { isSameFile } from "./output.js";
import type { CreateOptions } from "./qcow.js";
import { put } from "./stderr.js";

/** L1 tables are at most that long, as in qemu. */
const L1_BYTES_MAX = 32 << 20;
const ENTRY_BYTES = 8;
const SECTOR_BYTES = 512;

/** Makes an image of `size` bytes at `path`; resolves with the exit code. */
export async function createDisk(
  path: string,
  size: bigint | undefined,
  options: CreateOptions,
): Promise<number> {
  const backing = backingOf(path, options);
  const capacityBytes = capacityOf(size, backing);
  checkCapacity(capacityBytes, options.clusterSize);
  const version = options.compat === "0.10" || options.compat === "v2" ? 2 : 3;
  if (version === 2 && options.lazyRefcounts) {
    throw refused("--lazy-refcounts needs --compat 1.1");
  }
  make(path, options.force === true, (file) =>
    createQcow(file, {
      capacityBytes,
      clusterBytes: options.clusterSize,
      version,
      ...(backing ? { backing: backing.name, backingFormat: backing.format } : {}),
      lazyRefcounts: options.lazyRefcounts === true,
    }),
  );
  const behind = backing ? `, on ${backing.name} (${backing.format})` : "";
  const what = `${sizeText(capacityBytes)}, clusters of ${exactSize(options.clusterSize)}`;
  put(1, `${escapeControl(`${path}: ${what}, version ${version}${behind}`)}\n`);
  return 0;
}

/** Makes all of it or nothing: a file that exists is replaced if `isForced` and nobody uses it. */
function make(path: string, isForced: boolean, fill: (file: ImageFile) => void): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) {
    fillNew(path, fill);
    return;
  }
  if (!isForced) throw refused(`${path} exists; --force replaces it`);
  if (!found.isFile()) throw refused(`${path} is no file; only files are replaced`);
  const replaced = openImage(path, { isReadonly: false });
  try {
    const draft = `${path}.new`;
    if (lstatSync(draft, { throwIfNoEntry: false })) {
      throw refused(`${draft} is in the way: remove it, unless somebody is just making ${path}`);
    }
    fillNew(draft, fill);
    renameSync(draft, path);
  } finally {
    replaced.close();
  }
}

function fillNew(path: string, fill: (file: ImageFile) => void): void {
  const file = createImage(path);
  try {
    fill(file);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    file.close();
  }
}

interface Backing {
  readonly name: string;
  readonly format: "raw" | "qcow2";
  readonly capacityBytes: number;
}

/** The file behind, which has to be there; its format is what it looks like unless it is said. */
function backingOf(path: string, options: CreateOptions): Backing | undefined {
  const { backing: name, backingFormat } = options;
  if (name === undefined) {
    if (backingFormat === undefined) return undefined;
    throw refused("--backing-format needs --backing");
  }
  if (isSameFile(resolve(dirname(path), name), path)) {
    throw refused(`${path} cannot be its own backing file`);
  }
  const file = openImage(name, { isReadonly: true, from: path, isLocked: false });
  try {
    const format = backingFormat ?? (isQcow(file) ? "qcow2" : "raw");
    const byteCount = format === "raw" ? file.byteCount : parseHeader(file).capacityBytes;
    return { name, format, capacityBytes: Math.ceil(byteCount / SECTOR_BYTES) * SECTOR_BYTES };
  } finally {
    file.close();
  }
}

function capacityOf(size: bigint | undefined, backing: Backing | undefined): number {
  if (size === undefined) {
    if (backing) return backing.capacityBytes;
    throw refused("say how large the disk is, such as 10G, or what is behind it: --backing");
  }
  const capacityBytes = wholeSectors(size);
  if (capacityBytes === undefined) throw refused(`a disk of ${size} bytes is too large`);
  return capacityBytes;
}

/** An L1 table has an entry for as many clusters as an L2 table has. */
function checkCapacity(capacityBytes: number, clusterBytes: number): void {
  const perEntry = clusterBytes * (clusterBytes / ENTRY_BYTES);
  const bytesMax = Math.min(perEntry * (L1_BYTES_MAX / ENTRY_BYTES), Number.MAX_SAFE_INTEGER);
  if (capacityBytes <= bytesMax) return;
  const most = `with clusters of ${exactSize(clusterBytes)} ${roundSize(bytesMax)} is the most`;
  throw refused(`a disk of ${roundSize(capacityBytes)} is too large: ${most} (--cluster-size)`);
}

function sizeText(byteCount: number): string {
  const exact = exactSize(byteCount);
  return exact.endsWith(" B") ? exact : `${roundSize(byteCount)} (${byteCount} bytes)`;
}

function refused(text: string): MonitorError {
  return new MonitorError("OPTION_INVALID", text);
}
