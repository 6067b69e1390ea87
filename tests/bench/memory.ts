/**
 * Memory of a series: 100,000 counters with three labels. Ours are the core's records, before the
 * output buffer; what JavaScript keeps to find a handle by labels is shown apart.
 */
import { alternateChildren } from "./child.js";
import { PROM_CLIENT, type Row } from "./row.js";

const ROUNDS = 3;

const PROGRAM = new URL("./retained-bytes.js", import.meta.url);

export const MEMORY_ROWS: readonly Row[] = [
  {
    name: "memory_per_series",
    unit: "B",
    peer: PROM_CLIENT,
    oursMax: 160,
    run: async () => alternateChildren(PROGRAM, ROUNDS),
  },
];
