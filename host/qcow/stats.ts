/**
 * The twelve numbers of a qcow2 device, by the names of ocaml-qcow (`Mirage_qcow_*`).
 *
 * Clusters are counted where that library's `qcow_cluster_map.ml` counts bytes of them.
 */

/** Counters since the device was opened, and two gauges; the device keeps them current. */
export interface QcowStats {
  /** Bytes that were read. */
  reads: number;
  /** Bytes that were written. */
  writes: number;
  /** Bytes that were discarded. */
  discards: number;
  /** Clusters that lost their last reference: still referenced on the medium. */
  junk: number;
  /** Junk whose references are gone from the file, though maybe not from the medium. */
  erased: number;
  /** Clusters that became free for reuse: erased and flushed, found free, or new at the end. */
  available: number;
  /** Clusters that were taken to be used. */
  roots: number;
  /** Clusters copied elsewhere, to leave a snapshot alone or to compact. */
  copied: number;
  /** Copies that are on the medium. */
  flushed: number;
  /** References that were changed to a flushed copy. */
  referenced: number;
  /** Gauge: clusters that hold data of the user. */
  used: number;
  /** Gauge: the file, in clusters. */
  size: number;
}

/** All zero. */
export function createStats(): QcowStats {
  return {
    reads: 0,
    writes: 0,
    discards: 0,
    junk: 0,
    erased: 0,
    available: 0,
    roots: 0,
    copied: 0,
    flushed: 0,
    referenced: 0,
    used: 0,
    size: 0,
  };
}
