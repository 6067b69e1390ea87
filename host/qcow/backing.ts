/**
 * The backing file of a qcow2 image: a raw file or another qcow2 image, never written.
 */
import type { ImageFile, OpenImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import type { Backing } from "./device.js";
import { isQcow, type QcowHeader, refused } from "./header.js";

/** Opens a qcow2 image beneath another. */
export type OpenLower = (file: ImageFile) => Backing;

/** Opens what `header` names beneath `file`, or nothing where it names nothing. */
export function openBacking(
  file: ImageFile,
  header: QcowHeader,
  open: OpenImageFile | undefined,
  openLower: OpenLower,
): Backing | undefined {
  const { backingFile, backingFormat } = header;
  if (backingFile === undefined) return undefined;
  const path = backingFile.replace(/^file:/, "");
  if (/^[a-z0-9+.-]{2,}:/i.test(path)) {
    throw refused(file, `has a backing file that is no path (${backingFile})`);
  }
  if (open === undefined) {
    const message = `${file.name} has backing file ${backingFile}, which cannot be opened here`;
    throw new MonitorError("OPTION_INVALID", message);
  }
  const lower = open(path, { isReadonly: true, from: file.name });
  try {
    return openFormat(lower, backingFormat, openLower);
  } catch (error) {
    lower.close();
    throw error;
  }
}

/** Without a format in the header, it is what its first bytes say, as in qemu. */
function openFormat(lower: ImageFile, format: string | undefined, openLower: OpenLower): Backing {
  if (format === "raw" || (format === undefined && !isQcow(lower))) return lower;
  if (format === "qcow2" || format === undefined) return openLower(lower);
  throw refused(lower, `is a backing file of format ${format}; raw and qcow2 are supported`);
}
