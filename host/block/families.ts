/**
 * The twelve `Mirage_qcow_*` families, under the exact names of ocaml-qcow (PROTOCOLS §6), so that
 * its dashboard works as it is: counters without `_total`, also in OpenMetrics. Registered in the
 * main thread before a guest starts; the guest's thread writes the cells.
 */
import { SourceFlag } from "../../assembly/abi.js";
import type { Core } from "../core.js";
import { encodeSource, encodeValues } from "../definition.js";
import type { QcowStats } from "../qcow/stats.js";

/** Cells of one image. */
export type QcowCells = Readonly<Record<keyof QcowStats, number>>;

/** What can be written: the cells of a core's memory, from any thread. */
interface CellWriter {
  set(cell: number, value: number): void;
}

const FAMILIES: Readonly<Record<keyof QcowStats, readonly ["counter" | "gauge", string]>> = {
  reads: ["counter", "Bytes that were read."],
  writes: ["counter", "Bytes that were written."],
  discards: ["counter", "Bytes that were discarded."],
  junk: ["counter", "Clusters that lost their last reference."],
  erased: ["counter", "Clusters of junk whose references are gone from the file."],
  available: ["counter", "Clusters that became free for reuse."],
  roots: ["counter", "Clusters that were taken to be used."],
  copied: ["counter", "Clusters that were copied elsewhere."],
  flushed: ["counter", "Copied clusters that were flushed to the medium."],
  referenced: ["counter", "References that were changed to a flushed copy."],
  used: ["gauge", "Clusters of user data."],
  size: ["gauge", "Clusters of the file."],
};

const KEYS = Object.keys(FAMILIES) as (keyof QcowStats)[];

/** Registers the families; then makes the series of an image by its `id`. */
export function registerQcow(core: Core): (id: string) => QcowCells {
  const sources = KEYS.map((key) => {
    const [type, help] = FAMILIES[key];
    const name = `Mirage_qcow_${key}`;
    const fields = [{ key: "value", type, help }];
    const flags = SourceFlag.Family | SourceFlag.ExactName;
    const definition = encodeSource({ name, help, tags: ["id"], fields }, flags);
    return { key, name, source: core.registerSource(definition, name) };
  });
  return (id) =>
    Object.fromEntries(
      sources.map(({ key, name, source }) => {
        const series = core.registerSeries(source, encodeValues([id]), name);
        return [key, series + core.fieldOffset(source, 0)];
      }),
    ) as QcowCells;
}

/** Shows what an image counted. */
export function showQcow(writer: CellWriter, cells: QcowCells, stats: QcowStats): void {
  for (const key of KEYS) writer.set(cells[key], stats[key]);
}
