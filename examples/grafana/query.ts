/**
 * What a panel asks for, said once and written in both query languages: PromQL with Grafana's
 * `$__rate_interval` and `$__range`, and InfluxQL with its `$timeFilter` and `$__interval`.
 */
import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";

/** Which of the two stores a dashboard reads. */
export type Store = "prometheus" | "influxql";

/** One number of ours, by the names that it has in both stores. */
export interface Field {
  /** The family, as Prometheus names it. */
  readonly metric: string;
  /** A name, or a pattern between slashes. */
  readonly measurement: string;
  readonly key: string;
  /** Labels that tell series of one guest apart. @default none */
  readonly labels?: readonly string[];
}

/** How a field is read: as it is, as growth a second, or as growth over all that is shown. */
export type Reading = "value" | "rate" | "increase";

/** One set of curves: a query in both languages, and the words of its legend. */
export interface Curve {
  readonly legend: string;
  readonly field: Field;
  readonly reading: Reading;
}

/** PromQL for a field of the instances that the dashboard's user chose. */
export function formatPromql({ field, reading }: Curve): string {
  const selector = `${field.metric}{instance=~"$instance"}`;
  const read = {
    value: selector,
    rate: `rate(${selector}[$__rate_interval])`,
    increase: `increase(${selector}[$__range])`,
  }[reading];
  const labels = field.labels ?? [];
  return labels.length === 0 ? read : `sum by (${["instance", ...labels].join(", ")}) (${read})`;
}

/** InfluxQL for a field of the machines (tag `vm`) that the dashboard's user chose. */
export function formatInfluxql({ field, reading }: Curve): string {
  const from = field.measurement.startsWith("/") ? field.measurement : `"${field.measurement}"`;
  const where = `FROM ${from} WHERE "vm" =~ /^$vm$/ AND $timeFilter`;
  const tags = ["vm", ...(field.labels ?? [])].map((tag) => `"${tag}"`).join(", ");
  const inSteps = `${where} GROUP BY time($__interval), ${tags}`;
  const last = `last("${field.key}")`;
  if (reading === "value") return `SELECT ${last} ${inSteps} fill(none)`;
  if (reading === "rate") {
    return `SELECT non_negative_derivative(${last}, 1s) ${inSteps} fill(none)`;
  }
  const growth = `SELECT non_negative_difference(${last}) AS growth ${inSteps} fill(none)`;
  return `SELECT sum(growth) FROM (${growth}) GROUP BY ${tags}`;
}

/** A query of either store as Grafana keeps it: its text, and where the text comes from. */
export function targetOf(curve: Curve, store: Store): Builder<Dataquery> {
  const labels = curve.field.labels ?? [];
  if (store === "prometheus") {
    const legend = ["instance", ...labels].map((label) => `{{${label}}}`).join(" ");
    return promqlTarget(formatPromql(curve), `${legend} ${curve.legend}`.trim());
  }
  const alias = ["vm", ...labels].map((tag) => `$tag_${tag}`).join(" ");
  return new InfluxTarget(formatInfluxql(curve), `${alias} ${curve.legend}`.trim());
}

/** A range query whose curves are called by `legend`, with labels as `{{label}}`. */
export function promqlTarget(expression: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().expr(expression).legendFormat(legend).range();
}

/** A query of this moment, for a table. */
export function promqlTable(expression: string): DataqueryBuilder {
  return new DataqueryBuilder().expr(expression).instant().format(PromQueryFormat.Table);
}

/** A raw InfluxQL query. The SDK has no type for these: Grafana's schema knows InfluxDB's not. */
export class InfluxTarget implements Builder<Dataquery> {
  constructor(
    private readonly query: string,
    private readonly alias?: string,
  ) {}

  build(): Dataquery {
    const resultFormat = this.alias === undefined ? "table" : "time_series";
    const target = { query: this.query, rawQuery: true, resultFormat, alias: this.alias };
    return { ...target, _implementsDataqueryVariant: () => {} };
  }
}
