/**
 * An image and the files behind it: each supplies what those before it do not have.
 */
import type { ImageFile, OpenImageFile } from "../../block/image-file.js";
import { MonitorError } from "../../errors.js";
import { isQcow, parseHeader, type QcowHeader } from "../header.js";

const SECTOR_BYTES = 512;
/** More are a circle, or a mistake. */
const LINKS_MAX = 64;

/** A file of the chain. */
export interface ChainLink {
  readonly file: ImageFile;
  /** Absent of a raw file, whose bytes are the disk's. */
  readonly header?: QcowHeader;
  /** Bytes that it supplies, in whole sectors. */
  readonly capacityBytes: number;
}

/**
 * Opens the files behind `file`, which stays the caller's. Throws OPTION_INVALID for one that is
 * missing or in another format, LIMIT_REACHED for a chain of more than 64, MALFORMED for what is no
 * image.
 */
export function openChain(file: ImageFile, openBacking: OpenImageFile): readonly ChainLink[] {
  const links: ChainLink[] = [qcowLink(file)];
  try {
    for (let link = links[0]; link?.header?.backingFile !== undefined; link = links.at(-1)) {
      if (links.length === LINKS_MAX) {
        const advice = "does one of them lead back to another?";
        const problem = `more than ${LINKS_MAX} files, each behind the other`;
        throw new MonitorError("LIMIT_REACHED", `${file.name}: ${problem}; ${advice}`);
      }
      links.push(openBehind(link.file, link.header, openBacking));
    }
    return links;
  } catch (error) {
    closeChain(links);
    throw error;
  }
}

/** Closes the files behind the first. */
export function closeChain([, ...links]: readonly ChainLink[]): void {
  for (const { file } of links) file.close();
}

function openBehind(from: ImageFile, header: QcowHeader, open: OpenImageFile): ChainLink {
  const { backingFile = "", backingFormat } = header;
  const file = open(backingFile, { isReadonly: true, from: from.name });
  try {
    const format = backingFormat ?? (isQcow(file) ? "qcow2" : "raw");
    if (format === "qcow2") return qcowLink(file);
    if (format === "raw") return { file, capacityBytes: wholeSectors(file.byteCount) };
    const problem = `its backing file ${backingFile} has the format ${format}`;
    throw new MonitorError("OPTION_INVALID", `${from.name}: ${problem}; read are qcow2 and raw`);
  } catch (error) {
    file.close();
    throw error;
  }
}

function qcowLink(file: ImageFile): ChainLink {
  const header = parseHeader(file);
  return { file, header, capacityBytes: wholeSectors(header.capacityBytes) };
}

function wholeSectors(byteCount: number): number {
  return Math.ceil(byteCount / SECTOR_BYTES) * SECTOR_BYTES;
}
