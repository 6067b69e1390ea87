/**
 * What `wmon qcow map` does: says where each part of a disk is read from, a line an extent, as they
 * are found.
 */
import { escapeControl, escapeJson } from "../logs/escape.js";
import { openImage } from "../platforms/node-image.js";
import { type ChainLink, closeChain, openChain } from "../qcow/reader/chain.js";
import { hex } from "../qcow/reader/finding.js";
import { type Extent, mapImage } from "../qcow/reader/map.js";
import { exactSize } from "./byte-size.js";
import { Output } from "./output.js";

const GAP = "  ";
const LENGTH_WIDTH = 12;
const KIND_WIDTH = 10;
const DEPTH_WIDTH = 5;

/** Maps the image at `path`; resolves with the exit code. */
export async function showMap(path: string, { json }: { json?: boolean }): Promise<number> {
  const file = openImage(path, { isReadonly: true, isLocked: false });
  let chain: readonly ChainLink[] = [];
  try {
    chain = openChain(file, (name, options) => openImage(name, { ...options, isLocked: false }));
    const output = new Output(undefined);
    if (json) writeJson(chain, output);
    else writeText(chain, output);
    return 0;
  } finally {
    closeChain(chain);
    file.close();
  }
}

/** An array of a line an extent, with the keys of `qemu-img map --output=json`. */
function writeJson(chain: readonly ChainLink[], output: Output): void {
  let opening = "[";
  for (const extent of mapImage(chain)) {
    output.write(`${opening}${escapeJson(JSON.stringify(toJson(extent)))}`);
    opening = ",\n";
  }
  output.end(opening === "[" ? "[]\n" : "]\n");
}

function toJson(extent: Extent): object {
  return {
    start: extent.start,
    length: extent.byteCount,
    depth: extent.depth,
    present: extent.isPresent,
    zero: extent.isZero,
    data: !extent.isZero,
    compressed: extent.isCompressed,
    ...(extent.offset === undefined ? {} : { offset: extent.offset }),
  };
}

function writeText(chain: readonly ChainLink[], output: Output): void {
  const startWidth = Math.max("start".length, hex(chain[0]?.capacityBytes ?? 0).length);
  const fileBytes = Math.max(...chain.map(({ file }) => file.byteCount));
  const offsetWidth = Math.max("offset".length, hex(fileBytes).length);
  const line = (cells: readonly string[]) => {
    const [start = "", length = "", kind = "", depth = "", offset = "", name = ""] = cells;
    const padded = [
      start.padEnd(startWidth),
      length.padEnd(LENGTH_WIDTH),
      kind.padEnd(KIND_WIDTH),
      depth.padEnd(DEPTH_WIDTH),
      offset.padEnd(offsetWidth),
      name,
    ];
    output.write(`${padded.join(GAP).trimEnd()}\n`);
  };
  line(["start", "length", "kind", "depth", "offset", "file"]);
  for (const extent of mapImage(chain)) {
    const { start, byteCount, depth, offset, isPresent } = extent;
    line([
      hex(start),
      exactSize(byteCount),
      kindOf(extent),
      String(depth),
      offset === undefined ? "-" : hex(offset),
      isPresent ? escapeControl(chain[depth]?.file.name ?? "") : "-",
    ]);
  }
  output.end("");
}

function kindOf({ isPresent, isZero, isCompressed }: Extent): string {
  if (!isPresent) return "none";
  if (isCompressed) return "compressed";
  return isZero ? "zero" : "data";
}
