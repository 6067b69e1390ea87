/**
 * The dashboards of `examples/grafana/dashboards` as Grafana reads them: their panels, their
 * queries, and what it puts in for variables (its `templateSrv`, and the data sources' own
 * `interpolateVariable`). No Grafana is needed.
 */
import { readFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";

/** Where the dashboards are. */
export const DASHBOARDS = `${ROOT}examples/grafana/dashboards`;

/** A query of a panel, or of a variable. */
export interface Target {
  readonly refId?: string;
  /** PromQL. */
  readonly expr?: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  /** InfluxQL. */
  readonly query?: string;
  readonly alias?: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly custom?: object };
  };
  readonly options?: object;
  readonly targets?: readonly Target[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
  readonly allValue?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
}

/** A panel's query, with where it stands. */
export interface PanelQuery {
  /** Dashboard, panel and letter, for messages. */
  readonly place: string;
  readonly text: string;
  /** The legend's pattern: `{{label}}` or `$tag_label`. */
  readonly legend: string;
  readonly isInstant: boolean;
}

/** A dashboard by the name of its file. */
export function readDashboard(file: string): Dashboard {
  return JSON.parse(readFileSync(`${DASHBOARDS}/${file}`, "utf8"));
}

/** Panels that draw: rows are headings. */
export function drawnPanels(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== "row");
}

/** Every query of every panel. */
export function queriesOf(dashboard: Dashboard): PanelQuery[] {
  return drawnPanels(dashboard).flatMap(({ title, targets = [] }) =>
    targets.map((target) => ({
      place: `${dashboard.title}, ${title}, ${target.refId}`,
      text: target.expr ?? target.query ?? "",
      legend: target.legendFormat ?? target.alias ?? "",
      isInstant: target.instant === true,
    })),
  );
}

/** The variables whose values are asked of the store, with the question. */
export function asked(dashboard: Dashboard): { readonly name: string; readonly query: string }[] {
  return dashboard.templating.list.flatMap(({ name, type, query }) =>
    type === "query" && query !== undefined
      ? [{ name, query: typeof query === "string" ? query : query.query }]
      : [],
  );
}

/** Names of variables in a text; not `$1` of a replacement, nor `$__…` and `$tag_…`: Grafana's. */
export function variablesIn(text: string): string[] {
  const names = [...text.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? "");
  return names.filter((name) => !/^(\d+$|__|timeFilter$|tag_)/.test(name));
}

/** Puts values in for `$name`, longest names first; what has no value stays. */
export function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\w+)/g, (found, name: string) => values[name] ?? found);
}

/** What Grafana puts in for a value chosen from a list, into a PromQL string. */
export function promqlChoice(value: string): string {
  return value.replaceAll("\\", "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&");
}

/** What Grafana puts in for a value chosen from a list, into an InfluxQL pattern. */
export function influxqlChoice(value: string): string {
  return value.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&");
}
