/**
 * Every dashboard, as the text of the file that Grafana loads.
 */
import { type Board, buildBoard } from "./board.js";
import { diskBoard } from "./disk.js";
import { memoryBoard } from "./memory.js";
import { unikernelBoard } from "./unikernel.js";

const BOARDS: Readonly<Record<string, () => Board>> = {
  "unikernel-prometheus.json": () => unikernelBoard("prometheus"),
  "unikernel-influxql.json": () => unikernelBoard("influxql"),
  "disk.json": diskBoard,
  "memory.json": memoryBoard,
};

/** All dashboards: the name of a file in `dashboards/`, and what is in it. */
export function formatDashboards(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(BOARDS).map(([file, board]) => [
      file,
      `${JSON.stringify(buildBoard(board()), undefined, 2)}\n`,
    ]),
  );
}
