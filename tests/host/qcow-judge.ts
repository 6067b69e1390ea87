/**
 * A second reader of qcow2 images that shares no code with the first: plain loops over whole files
 * in memory, after the specification. It counts references as `qemu-img check` does.
 */
export interface Verdict {
  /** What must never be: a reference that is not counted, an overlap, a flag that lies. */
  readonly errors: readonly string[];
  /** Clusters that are counted higher than they are referenced. */
  readonly leaks: number;
  /** Clusters of data that the disk refers to. */
  readonly dataClusters: number;
}

interface Image {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly version: number;
  readonly cluster: number;
  readonly capacity: number;
  readonly l1: number;
  readonly l1Entries: number;
  readonly refcountTable: number;
  readonly refcountClusters: number;
  readonly order: number;
  /** Byte of each block of refcounts, by its index. */
  readonly blocks: ReadonlyMap<number, number>;
}

const OFFSET = 0x00ff_ffff_ffff_fe00n;
const COPIED = 1n << 63n;

function parse(bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(4);
  const cluster = 1 << view.getUint32(20);
  const refcountTable = Number(view.getBigUint64(48));
  const refcountClusters = view.getUint32(56);
  const blocks = new Map<number, number>();
  for (let i = 0; i < (refcountClusters * cluster) / 8; i++) {
    const offset = Number(view.getBigUint64(refcountTable + i * 8));
    if (offset !== 0) blocks.set(i, offset);
  }
  return {
    bytes,
    view,
    version,
    cluster,
    capacity: Number(view.getBigUint64(24)),
    l1: Number(view.getBigUint64(40)),
    l1Entries: view.getUint32(36),
    refcountTable,
    refcountClusters,
    order: version === 2 ? 4 : view.getUint32(96),
    blocks,
  };
}

/** Judges the tables of an image without snapshots. */
export function judge(bytes: Uint8Array): Verdict {
  const image = parse(bytes);
  const errors: string[] = [];
  const references = new Map<number, number>();
  const flags: [cluster: number, isCopied: boolean][] = [];
  const refer = (offset: number, what: string) => {
    const cluster = offset / image.cluster;
    if (!Number.isInteger(cluster)) errors.push(`${what}: unaligned ${offset}`);
    if (offset >= bytes.length) errors.push(`${what}: cluster ${cluster} past the end`);
    references.set(cluster, (references.get(cluster) ?? 0) + 1);
    return cluster;
  };
  refer(0, "header");
  for (let at = 0; at < image.l1Entries * 8; at += image.cluster) refer(image.l1 + at, "l1");
  for (let i = 0; i < image.refcountClusters; i++) {
    refer(image.refcountTable + i * image.cluster, "refcount table");
  }
  for (const offset of image.blocks.values()) refer(offset, "refcount block");
  let dataClusters = 0;
  for (const [l1Entry, l2Entry] of entries(image)) {
    const [entry, what] = l2Entry === undefined ? [l1Entry, "l2"] : [l2Entry, "data"];
    const offset = Number(entry & OFFSET);
    if (offset === 0) continue;
    if (what === "data") dataClusters++;
    flags.push([refer(offset, what), (entry & COPIED) !== 0n]);
  }
  for (const [cluster, count] of references) {
    const refcount = refcountOf(image, cluster);
    if (refcount < count)
      errors.push(`cluster ${cluster}: ${count} references, ${refcount} counted`);
  }
  for (const [cluster, isCopied] of flags) {
    if (isCopied !== (refcountOf(image, cluster) === 1)) errors.push(`cluster ${cluster}: COPIED`);
  }
  return { errors, leaks: countLeaks(image, references), dataClusters };
}

/** The whole disk; `lower` is what lies beneath. */
export function readDisk(bytes: Uint8Array, lower: Uint8Array = new Uint8Array(0)): Uint8Array {
  const image = parse(bytes);
  const disk = new Uint8Array(Math.ceil(image.capacity / image.cluster) * image.cluster);
  disk.set(lower.subarray(0, image.capacity));
  for (const [, entry, index] of entries(image)) {
    if (entry === undefined) continue;
    const at = index * image.cluster;
    if (at >= image.capacity) continue;
    const offset = Number(entry & OFFSET);
    if ((entry & 1n) !== 0n) disk.fill(0, at, at + image.cluster);
    else if (offset !== 0) disk.set(bytes.subarray(offset, offset + image.cluster), at);
  }
  return disk.subarray(0, image.capacity);
}

/** Each L1 entry with a table, alone; then each entry of that table, and the disk's cluster. */
function* entries(image: Image): Generator<[l1: bigint, l2: bigint | undefined, index: number]> {
  const perTable = image.cluster / 8;
  for (let i = 0; i < image.l1Entries; i++) {
    const l1Entry = image.view.getBigUint64(image.l1 + i * 8);
    const table = Number(l1Entry & OFFSET);
    if (table === 0) continue;
    yield [l1Entry, undefined, 0];
    for (let j = 0; j < perTable && table + j * 8 + 8 <= image.bytes.length; j++) {
      const l2Entry = image.view.getBigUint64(table + j * 8);
      if (l2Entry !== 0n) yield [l1Entry, l2Entry, i * perTable + j];
    }
  }
}

function refcountOf(image: Image, cluster: number): number {
  const bits = 1 << image.order;
  const perBlock = (image.cluster * 8) / bits;
  const block = image.blocks.get(Math.floor(cluster / perBlock)) ?? 0;
  if (block === 0 || block >= image.bytes.length) return 0;
  const bit = (cluster % perBlock) * bits;
  if (bits < 8) {
    return ((image.bytes[block + Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & ((1 << bits) - 1);
  }
  let value = 0;
  for (let i = 0; i < bits / 8; i++) value = value * 256 + (image.bytes[block + bit / 8 + i] ?? 0);
  return value;
}

function countLeaks(image: Image, references: ReadonlyMap<number, number>): number {
  let leaks = 0;
  for (let cluster = 0; cluster * image.cluster < image.bytes.length; cluster++) {
    if (refcountOf(image, cluster) > (references.get(cluster) ?? 0)) leaks++;
  }
  return leaks;
}
