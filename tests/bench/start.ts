/**
 * From the import to the first metric, in a fresh process: module graph, wasm compilation and all.
 */
import { alternateChildren } from "./child.js";
import { PROM_CLIENT, type Row } from "./row.js";

const ROUNDS = 15;

const PROGRAM = new URL("./first-metric.js", import.meta.url);

export const START_ROWS: readonly Row[] = [
  {
    name: "ready_cold",
    peer: PROM_CLIENT,
    ratioMin: 5,
    run: async () => alternateChildren(PROGRAM, ROUNDS),
  },
];
