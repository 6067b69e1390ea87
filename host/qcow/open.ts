/**
 * Opens qcow2 images, versions 2 and 3, after qemu's docs/interop/qcow2.txt.
 *
 * Refused: compression, encryption, external data files, extended L2 entries and incompatible
 * features that are not known here; writing to an image that is marked corrupt, or is broken.
 */
import type { ImageFile, OpenImageFile } from "../block/image-file.js";
import { openBacking } from "./backing.js";
import { type Backing, QcowDevice } from "./device.js";
import { malformed, parseHeader, type QcowHeader, refused } from "./header.js";
import { writeAutoclear } from "./header-writer.js";
import { Metadata } from "./metadata.js";
import { rebuild, takeStock } from "./repair.js";
import { type Scan, scanImage } from "./scan.js";
import { createStats } from "./stats.js";

export { isQcow } from "./header.js";

export interface OpenQcowOptions {
  /** Opens backing files. @default images that have one are refused */
  readonly openBacking?: OpenImageFile | undefined;
  /**
   * Images in a chain of backing files at most.
   * @default 16
   */
  readonly backingDepthMax?: number | undefined;
}

/**
 * Opens the image in `file`, read-only where the file is. Takes time in proportion to its tables.
 *
 * Throws MonitorError: MALFORMED for what is broken, OPTION_INVALID for what is refused. The file
 * is the device's afterwards, and the caller's where it throws.
 */
export function openQcow(file: ImageFile, options: OpenQcowOptions = {}): QcowDevice {
  const { backingDepthMax = 16 } = options;
  const { header, scan } = readTables(file);
  const backing = openBacking(file, header, options.openBacking, (lower) => {
    if (backingDepthMax <= 1) throw refused(file, "has too long a chain of backing files");
    return toBacking(openQcow(lower, { ...options, backingDepthMax: backingDepthMax - 1 }));
  });
  try {
    const isRebuilt = header.isDirty && !file.isReadonly;
    if (isRebuilt) rebuild(new Metadata(file, header, createStats()), scan);
    return openDevice(file, isRebuilt ? readTables(file) : { header, scan }, backing);
  } catch (error) {
    backing?.close();
    throw error;
  }
}

interface Tables {
  readonly header: QcowHeader;
  readonly scan: Scan;
}

function readTables(file: ImageFile): Tables {
  const header = parseHeader(file);
  if (header.isCorrupt && !file.isReadonly) {
    throw malformed(file, "it is marked corrupt and can only be opened read-only");
  }
  const scan = scanImage(file, header);
  if (scan.compressedClusters > 0) throw refused(file, "has compressed clusters, not supported");
  return { header, scan };
}

function openDevice(file: ImageFile, tables: Tables, backing: Backing | undefined): QcowDevice {
  const { header, scan } = tables;
  const metadata = new Metadata(file, header, createStats());
  if (!file.isReadonly) {
    takeStock(metadata, scan);
    clearFeatures(file, header);
  }
  metadata.stats.used = scan.usedClusters;
  metadata.stats.size = metadata.space.fileClusters;
  return new QcowDevice(metadata, backing);
}

/** What other programs keep beside the data, such as bitmaps, is out of date from now on. */
function clearFeatures(file: ImageFile, header: QcowHeader): void {
  if (header.autoclear === 0n) return;
  writeAutoclear(file, 0n);
  file.sync();
}

/** A disk reads as zeros past its end. */
function toBacking(device: QcowDevice): Backing {
  return {
    byteCount: device.capacityBytes,
    read(offset, target) {
      const within = Math.max(0, Math.min(target.length, device.capacityBytes - offset));
      if (within > 0) device.read(offset, target.subarray(0, within));
      target.fill(0, within);
    },
    close: () => device.close(),
  };
}
