/**
 * Opens a device by what its file is: qcow2 by its first four bytes, raw otherwise.
 */
import { MonitorError } from "../errors.js";
import type { QcowDevice } from "../qcow/device.js";
import { isQcow, openQcow } from "../qcow/open.js";
import type { BlockChoice } from "./choice.js";
import { type BlockDevice, SECTOR_BYTES } from "./device.js";
import type { ImageFile, OpenImageFile } from "./image-file.js";
import { ProbedDevice } from "./layer.js";
import { openRaw } from "./raw.js";

/** A device, and the qcow2 image that it is if it is one. */
export interface OpenedDevice {
  readonly device: BlockDevice;
  readonly qcow?: QcowDevice;
}

/**
 * Opens the device in `file`, which is closed if that fails. Throws `MonitorError` saying why.
 */
export function openDevice(
  file: ImageFile,
  choice: Pick<BlockChoice, "isRaw" | "isCompacting">,
  openBacking: OpenImageFile,
): OpenedDevice {
  try {
    if (choice.isRaw || !isQcow(file)) return { device: openWhole(file, choice) };
    const qcow = openQcow(file, { openBacking });
    return { device: qcow, qcow };
  } catch (error) {
    file.close();
    throw error;
  }
}

function openWhole(
  file: ImageFile,
  { isRaw, isCompacting }: Pick<BlockChoice, "isRaw" | "isCompacting">,
): BlockDevice {
  const { byteCount } = file;
  if (isCompacting) refuse("compact is for qcow2 images, and this is a raw one");
  if (byteCount === 0) refuse("the file is empty; make it as large as the device, or a qcow2");
  if (byteCount % SECTOR_BYTES !== 0) {
    const whole = Math.ceil(byteCount / SECTOR_BYTES) * SECTOR_BYTES;
    refuse(
      `${byteCount} bytes are not whole sectors of ${SECTOR_BYTES}; the next size is ${whole}`,
    );
  }
  return isRaw ? openRaw(file) : new ProbedDevice(openRaw(file));
}

function refuse(message: string): never {
  throw new MonitorError("OPTION_INVALID", message);
}
