/**
 * What each part of a disk reads from: data of the image or of a file behind it, zeros, nothing.
 * Neighbours that read alike are one extent. Depths, flags and offsets are those of
 * `qemu-img map --output=json`, except that holes of the file itself are not looked for.
 */
import type { ChainLink } from "./chain.js";
import { Lookup } from "./lookup.js";

/** Bytes of the disk that read from one place. */
export interface Extent {
  readonly start: number;
  readonly byteCount: number;
  /** How many files in front of the one that it is read from, or that ends the search. */
  readonly depth: number;
  /** Whether a file of the chain says what is there. */
  readonly isPresent: boolean;
  readonly isZero: boolean;
  readonly isCompressed: boolean;
  /** Where it lies in its file; undefined where it has no place, or is compressed. */
  readonly offset?: number | undefined;
}

/** Tells the extents of a disk in order, without gaps. Memory: a table of each file. */
export function* mapImage(chain: readonly ChainLink[]): Generator<Extent> {
  const layers = chain.map(makeLayer);
  const end = chain[0]?.capacityBytes ?? 0;
  let last: Extent | undefined;
  for (const extent of resolve(layers, { start: 0, end }, 0)) {
    const joined = last && join(last, extent);
    if (last && !joined) yield last;
    last = joined ?? extent;
  }
  if (last) yield last;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** A file of the chain: what it says of a range of its own, from the start on. */
interface Layer {
  readonly capacityBytes: number;
  find(range: Range): Omit<Extent, "start" | "depth">;
}

/** Extents of a range that the files from `depth` on have to say something of. */
function* resolve(layers: readonly Layer[], range: Range, depth: number): Generator<Extent> {
  const layer = layers[depth] as Layer;
  const behind = layers[depth + 1]?.capacityBytes ?? 0;
  for (let start = range.start; start < range.end; ) {
    const found = layer.find({ start, end: range.end });
    const end = start + found.byteCount;
    if (found.isPresent) yield { start, depth, ...found };
    else {
      const covered = Math.min(end, behind);
      if (start < covered) yield* resolve(layers, { start, end: covered }, depth + 1);
      const from = Math.max(start, covered);
      if (from < end) yield { start: from, depth, ...found, byteCount: end - from };
    }
    start = end;
  }
}

/** Both as one, if they read alike. */
function join(one: Extent, other: Extent): Extent | undefined {
  const isAlike =
    one.depth === other.depth &&
    one.isPresent === other.isPresent &&
    one.isZero === other.isZero &&
    one.isCompressed === other.isCompressed;
  const next = one.offset === undefined ? undefined : one.offset + one.byteCount;
  if (!isAlike || next !== other.offset) return undefined;
  return { ...one, byteCount: one.byteCount + other.byteCount };
}

function makeLayer({ file, header, capacityBytes }: ChainLink): Layer {
  if (header === undefined) {
    return {
      capacityBytes,
      find: (range) => findRaw(range, file.byteCount),
    };
  }
  const lookup = new Lookup(file, header);
  const { clusterBytes } = header;
  return {
    capacityBytes,
    find: ({ start, end }) => {
      const cluster = Math.floor(start / clusterBytes);
      const within = start % clusterBytes;
      const { kind, offset, clusterCount } = lookup.find(
        cluster,
        Math.ceil(end / clusterBytes) - cluster,
      );
      return {
        byteCount: Math.min(clusterCount * clusterBytes - within, end - start),
        isPresent: kind !== "none",
        isZero: kind === "none" || kind === "zero",
        isCompressed: kind === "compressed",
        offset: offset === undefined ? undefined : offset + within,
      };
    },
  };
}

/** Of a raw file's last sector the rest is zeros. */
function findRaw({ start, end }: Range, fileBytes: number): Omit<Extent, "start" | "depth"> {
  const isData = start < fileBytes;
  const until = isData ? Math.min(end, fileBytes) : end;
  return {
    byteCount: until - start,
    isPresent: true,
    isZero: !isData,
    isCompressed: false,
    offset: start,
  };
}
