/**
 * What `wmon qcow compact` does: shortens an image's file step by step, and stops between two steps
 * when it is told to.
 */
import { constants } from "node:os";
import { setImmediate } from "node:timers/promises";
import type { ImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import { escapeControl } from "../logs/escape.js";
import { openImage } from "../platforms/node-image.js";
import type { QcowDevice } from "../qcow/device.js";
import { openQcow } from "../qcow/open.js";
import { checkImage } from "../qcow/reader/check.js";
import { roundSize } from "./byte-size.js";
import { put, say } from "./stderr.js";
import { Ticker } from "./ticker.js";

/** A step moves that much at most: a second or so on a slow disk. */
const STEP_BYTES = 64 << 20;
const STEP_CLUSTERS = 1024;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const SIGNAL_EXIT = 128;

/** Compacts the image at `path`; resolves with the exit code. */
export async function compactFile(path: string): Promise<number> {
  let signal: NodeJS.Signals | undefined;
  for (const name of SIGNALS) {
    process.once(name, () => {
      signal = name;
    });
  }
  const file = openImage(path, { isReadonly: false });
  const before = file.byteCount;
  const device = openSound(file);
  const stepClusters = Math.min(STEP_CLUSTERS, STEP_BYTES / device.header.clusterBytes);
  const ticker = new Ticker();
  let isMore = true;
  let after = before;
  try {
    while (isMore && !signal) {
      isMore = device.compact(stepClusters);
      after = file.byteCount;
      ticker.show(() => `${roundSize(before)} -> ${roundSize(after)}, moving clusters`);
      // Signals are heard between two steps.
      await setImmediate();
    }
  } finally {
    ticker.clear();
    device.close();
  }
  const moved = device.stats.copied;
  const sizes = `${roundSize(before)} -> ${roundSize(after)} (${after} bytes)`;
  put(1, `${escapeControl(path)}: ${sizes}, ${moved} cluster${moved === 1 ? "" : "s"} moved\n`);
  if (!signal) return 0;
  if (isMore) say("interrupted: the image is whole, and the next run goes on");
  return SIGNAL_EXIT + constants.signals[signal];
}

/** Opens an image to write, unless it is corrupt. One that was left dirty is mended by opening. */
function openSound(file: ImageFile): QcowDevice {
  try {
    const { header, verdict, findings } = checkImage(file, { keptMax: 1 });
    if (verdict === "corrupt" && !header.isDirty) {
      const first = findings.find(({ kind }) => kind !== "leak")?.message;
      const advice = "wmon qcow check says more";
      throw new MonitorError("MALFORMED", `${file.name} is corrupt: ${first}; ${advice}`);
    }
    return openQcow(file, { openBacking: openImage });
  } catch (error) {
    file.close();
    throw error;
  }
}
