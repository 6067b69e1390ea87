/**
 * Makes new qcow2 images: header, refcounts of 16 bits for all tables, an empty L1 table.
 *
 * The refcount table has room for the whole disk, so that it never needs to grow.
 */
import type { ImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import {
  BACKING_BYTES_MAX,
  CLUSTER_BITS_MAX,
  CLUSTER_BITS_MIN,
  L1_BYTES_MAX,
  REFCOUNT_TABLE_BYTES_MAX,
} from "./header.js";
import { encodeHeader } from "./header-writer.js";

export interface CreateQcowOptions {
  /** The disk: whole sectors of 512 bytes. */
  readonly capacityBytes: number;
  /**
   * A power of two from 512 to 2 MiB.
   * @default 65_536
   */
  readonly clusterBytes?: number | undefined;
  /** @default 3 */
  readonly version?: 2 | 3 | undefined;
  /** Path of the backing file, as the header names it. @default none */
  readonly backing?: string | undefined;
  /** Its format. @default "qcow2" */
  readonly backingFormat?: "raw" | "qcow2" | undefined;
  /** Lets others write refcounts late; needs version 3. @default false */
  readonly lazyRefcounts?: boolean | undefined;
}

/** Where a new image has its tables. */
interface Layout {
  readonly clusterBytes: number;
  readonly l1Entries: number;
  readonly tableClusters: number;
  readonly blockClusters: number;
  readonly l1Clusters: number;
}

/** Makes an image in `file`, which must be empty. Throws OPTION_INVALID and changes nothing. */
export function createQcow(file: ImageFile, options: CreateQcowOptions): void {
  const { capacityBytes, clusterBytes = 65_536, version = 3, backing } = options;
  checkOptions(options);
  const layout = planLayout(capacityBytes, clusterBytes);
  const l1Cluster = 1 + layout.tableClusters + layout.blockClusters;
  const header = encodeHeader({
    version,
    clusterBits: Math.log2(clusterBytes),
    capacityBytes,
    l1Offset: l1Cluster * clusterBytes,
    l1Entries: layout.l1Entries,
    refcountTableOffset: clusterBytes,
    refcountTableClusters: layout.tableClusters,
    lazyRefcounts: options.lazyRefcounts ?? false,
    backing:
      backing === undefined
        ? undefined
        : { name: backing, format: options.backingFormat ?? "qcow2" },
  });
  if (header.length > clusterBytes) {
    throw invalid(`backing file's name: too long for clusters of ${clusterBytes} bytes`);
  }
  if (file.byteCount > 0) throw invalid(`${file.name} is not empty`);
  writeTables(file, layout);
  // A file without a header is no image: what is torn is not taken for one.
  file.sync();
  file.write(0, header);
  file.sync();
}

function checkOptions(options: CreateQcowOptions): void {
  const { capacityBytes, clusterBytes = 65_536, version = 3, backing, lazyRefcounts } = options;
  if (!Number.isSafeInteger(capacityBytes) || capacityBytes < 0 || capacityBytes % 512 !== 0) {
    throw invalid(`capacity ${capacityBytes}: whole sectors of 512 bytes, below 2^53`);
  }
  const bits = Math.log2(clusterBytes);
  if (!Number.isInteger(bits) || bits < CLUSTER_BITS_MIN || bits > CLUSTER_BITS_MAX) {
    throw invalid(`cluster size ${clusterBytes}: a power of two from 512 to 2097152 bytes`);
  }
  if (version !== 2 && version !== 3) throw invalid(`version ${version}: 2 or 3`);
  if (lazyRefcounts === true && version === 2) throw invalid("lazy refcounts: version 3 only");
  const nameBytes = backing === undefined ? 1 : new TextEncoder().encode(backing).length;
  if (nameBytes === 0 || nameBytes > BACKING_BYTES_MAX) {
    throw invalid(`backing file's name: 1 to ${BACKING_BYTES_MAX} bytes`);
  }
}

function planLayout(capacityBytes: number, clusterBytes: number): Layout {
  const l1Entries = Math.ceil(capacityBytes / (clusterBytes * (clusterBytes / 8)));
  const refcountsPerBlock = clusterBytes / 2;
  const blocksPerCluster = clusterBytes / 8;
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  // Data, L2 tables, and what counts them; an eighth more for what is freed late.
  const dataClusters = Math.ceil(capacityBytes / clusterBytes) + l1Entries + l1Clusters;
  const blocksMost = Math.ceil((dataClusters * 1.125 + 64) / (refcountsPerBlock - 1));
  const tableClusters = Math.min(
    Math.ceil((blocksMost + 1) / blocksPerCluster),
    REFCOUNT_TABLE_BYTES_MAX / clusterBytes,
  );
  if (l1Entries * 8 > L1_BYTES_MAX) {
    throw invalid(`capacity ${capacityBytes}: too large for clusters of ${clusterBytes} bytes`);
  }
  let blockClusters = 1;
  const total = () => 1 + tableClusters + blockClusters + l1Clusters;
  while (blockClusters * refcountsPerBlock < total()) blockClusters++;
  return { clusterBytes, l1Entries, tableClusters, blockClusters, l1Clusters };
}

/** All but the header; the L1 table is zeros, by the file's length. */
function writeTables(file: ImageFile, layout: Layout): void {
  const { clusterBytes, tableClusters, blockClusters, l1Clusters } = layout;
  const total = 1 + tableClusters + blockClusters + l1Clusters;
  file.truncate(total * clusterBytes);
  const table = new DataView(new ArrayBuffer(blockClusters * 8));
  for (let i = 0; i < blockClusters; i++) {
    table.setBigUint64(i * 8, BigInt((1 + tableClusters + i) * clusterBytes));
  }
  file.write(clusterBytes, new Uint8Array(table.buffer));
  const refcounts = new DataView(new ArrayBuffer(total * 2));
  for (let i = 0; i < total; i++) refcounts.setUint16(i * 2, 1);
  file.write((1 + tableClusters) * clusterBytes, new Uint8Array(refcounts.buffer));
}

function invalid(what: string): MonitorError {
  return new MonitorError("OPTION_INVALID", what);
}
