/**
 * Dashboards as rows of panels: places panels on the grid, numbers them, links the dashboards to
 * each other.
 */
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  RowBuilder,
  type VariableModel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { PanelBuilder } from "./panel.js";
import type { Store } from "./query.js";
import { chosenSource, sourceVariable, type Variable } from "./variable.js";

/** All dashboards have it; their links are by it. */
const TAG = "wasm-monitoring";

/** A heading and the panels under it, from left to right, wrapped where the grid ends. */
export interface Row {
  readonly title: string;
  readonly panels: readonly PanelBuilder[];
}

/** A whole dashboard. */
export interface Board {
  /** Stays as it is for ever: addresses and updates go by it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly store: Store;
  /** After the data source. */
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}

/** What Grafana imports. */
export function buildBoard(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.description)
    .tags([TAG])
    .refresh("10s")
    .time({ from: "now-30m", to: "now" })
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([sourceVariable(board.store), ...board.variables])
    .link(otherBoards());
  let id = 0;
  for (const row of board.rows) {
    builder.withRow(new RowBuilder(row.title).id(++id));
    for (const panel of row.panels) builder.withPanel(panel.id(++id));
  }
  const dashboard = builder.build();
  for (const panel of dashboard.panels ?? []) {
    if (panel.type !== "row") panel.datasource = chosenSource(board.store);
  }
  for (const variable of dashboard.templating?.list ?? []) leaveOutIntervals(variable);
  return dashboard;
}

/** The SDK gives every variable what only those of intervals have; Grafana's schema refuses it. */
function leaveOutIntervals(variable: VariableModel): void {
  delete variable.auto;
  delete variable.auto_min;
  delete variable.auto_count;
}

function otherBoards(): DashboardLinkBuilder {
  return new DashboardLinkBuilder("wasm-monitoring")
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .keepTime(true);
}
