/**
 * Panels of one look: a graph with a table of last values under it, a number, a table.
 * Sizes are in Grafana's grid, 24 columns wide.
 */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
} from "@grafana/grafana-foundation-sdk/common";
import type { Panel, Threshold } from "@grafana/grafana-foundation-sdk/dashboard";
import { ThresholdsConfigBuilder, ThresholdsMode } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TableBuilder } from "@grafana/grafana-foundation-sdk/table";
import { PanelBuilder as GraphBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

/** Columns of the grid. */
const GRID_COLUMNS = 24;

const GRAPH_ROWS = 8;
const STAT_ROWS = 4;

/** What every panel says of itself. */
export interface PanelOptions {
  readonly title: string;
  /** One or two sentences for the panel's (i). */
  readonly description: string;
  /** How values are written, one of the SDK's `units`. */
  readonly unit: string;
  /** Columns. @default 12 for a graph, 4 for a number */
  readonly columns?: number;
  /** The color of numbers from a value on; the first has none. @default green */
  readonly thresholds?: readonly Threshold[];
}

/** Curves over time. */
export interface GraphOptions extends PanelOptions {
  /** Bars that add up, for what is counted and mostly zero. @default false */
  readonly isStacked?: boolean;
}

/** A panel as dashboards take it: a builder that may still be placed. */
export type PanelBuilder = Builder<Panel> & { id(id: number): Builder<Panel> };

const GREEN: readonly Threshold[] = [{ color: "green", value: null }];

/** Green without a value, red from 1 on: for what should never happen. */
export const NEVER: readonly Threshold[] = [...GREEN, { color: "red", value: 1 }];

/** Curves over time, with their last and greatest values in the legend. */
export function graph(options: GraphOptions, targets: readonly Builder<Dataquery>[]): PanelBuilder {
  const panel = new GraphBuilder()
    .title(options.title)
    .description(options.description)
    .unit(options.unit)
    .span(options.columns ?? GRID_COLUMNS / 2)
    .height(GRAPH_ROWS)
    .min(0)
    .legend(legend())
    .tooltip(tooltip())
    .lineWidth(1)
    .fillOpacity(options.isStacked ? 80 : 10)
    .showPoints(VisibilityMode.Auto)
    .spanNulls(false)
    .thresholds(thresholds(options))
    .targets(named(targets));
  if (!options.isStacked) return panel;
  const stacking = new common.StackingConfigBuilder().mode(StackingMode.Normal).group("A");
  return panel.drawStyle(GraphDrawStyle.Bars).stacking(stacking);
}

/** The last value as a number, with a small curve behind it. */
export function stat(options: PanelOptions, targets: readonly Builder<Dataquery>[]): PanelBuilder {
  return new StatBuilder()
    .title(options.title)
    .description(options.description)
    .unit(options.unit)
    .span(options.columns ?? GRID_COLUMNS / 6)
    .height(STAT_ROWS)
    .graphMode(BigValueGraphMode.Area)
    .colorMode(BigValueColorMode.Value)
    .thresholds(thresholds(options))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false))
    .targets(named(targets));
}

/** Rows of text and numbers. */
export function table(options: PanelOptions, targets: readonly Builder<Dataquery>[]): PanelBuilder {
  return new FooterlessTable()
    .title(options.title)
    .description(options.description)
    .unit(options.unit)
    .span(options.columns ?? GRID_COLUMNS / 2)
    .height(GRAPH_ROWS)
    .showHeader(true)
    .targets(named(targets));
}

/** The SDK gives a table an empty footer, which Grafana's schema has no longer. */
class FooterlessTable extends TableBuilder {
  override build(): Panel {
    const panel = super.build();
    delete panel.options?.footer;
    return panel;
  }
}

function legend(): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.Table)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(["lastNotNull", "max"]);
}

function tooltip(): common.VizTooltipOptionsBuilder {
  const { Multi } = TooltipDisplayMode;
  return new common.VizTooltipOptionsBuilder().mode(Multi).sort(SortOrder.Descending);
}

function thresholds({ thresholds: steps = GREEN }: PanelOptions): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([...steps]);
}

/** Grafana tells the queries of a panel apart by a letter. */
function named(targets: readonly Builder<Dataquery>[]): Builder<Dataquery>[] {
  return targets.map((target, index) => ({
    build: () => ({ ...target.build(), refId: String.fromCharCode(65 + index) }),
  }));
}
