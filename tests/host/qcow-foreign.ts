/**
 * Images as other programs make them: any width of refcounts, and a refcount table of one cluster,
 * which has to grow.
 */

export interface ForeignShape {
  readonly clusterBytes: number;
  readonly capacityBytes: number;
  /** A refcount has `1 << refcountOrder` bits. */
  readonly refcountOrder: number;
}

/** An empty image of version 3: header, refcount table, refcount blocks, L1 table. */
export function makeForeign({
  clusterBytes,
  capacityBytes,
  refcountOrder,
}: ForeignShape): Uint8Array {
  const l1Entries = Math.ceil(capacityBytes / (clusterBytes * (clusterBytes / 8)));
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  const bits = 1 << refcountOrder;
  const perBlock = (clusterBytes * 8) / bits;
  let blocks = 1;
  while (blocks * perBlock < 2 + blocks + l1Clusters) blocks++;
  const total = 2 + blocks + l1Clusters;
  const bytes = new Uint8Array(total * clusterBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x514649fb);
  view.setUint32(4, 3);
  view.setUint32(20, Math.log2(clusterBytes));
  view.setBigUint64(24, BigInt(capacityBytes));
  view.setUint32(36, l1Entries);
  view.setBigUint64(40, BigInt((2 + blocks) * clusterBytes));
  view.setBigUint64(48, BigInt(clusterBytes));
  view.setUint32(56, 1);
  view.setUint32(96, refcountOrder);
  view.setUint32(100, 104);
  for (let i = 0; i < blocks; i++) {
    view.setBigUint64(clusterBytes + i * 8, BigInt((2 + i) * clusterBytes));
  }
  for (let cluster = 0; cluster < total; cluster++) {
    const block = 2 + Math.floor(cluster / perBlock);
    const bit = (cluster % perBlock) * bits;
    // The lowest bit of a number is in its last byte; narrow numbers begin at a byte's lowest bits.
    const within = bits < 8 ? Math.floor(bit / 8) : bit / 8 + bits / 8 - 1;
    const at = block * clusterBytes + within;
    bytes[at] = (bytes[at] ?? 0) | (bits < 8 ? 1 << (bit % 8) : 1);
  }
  return bytes;
}
