/**
 * What a dashboard's user may choose: the store, the guests, the files. Every list is asked of the
 * store itself.
 */
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import {
  AdHocVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Store } from "./query.js";

/** Types of Grafana's plugins for both stores. */
const PLUGINS: Readonly<Record<Store, string>> = { prometheus: "prometheus", influxql: "influxdb" };

/** A variable as dashboards take it. */
export type Variable = Builder<VariableModel>;

/** The data source that the user chose, for panels and variables. */
export function chosenSource(store: Store): DataSourceRef {
  return { type: PLUGINS[store], uid: "$datasource" };
}

/** Which data source of the store's kind. */
export function sourceVariable(store: Store): Variable {
  return new DatasourceVariableBuilder("datasource").label("Data source").type(PLUGINS[store]);
}

/** Which scraped addresses (`$instance`), all at first. */
export function instanceVariable(): Variable {
  const text = "Addresses that Prometheus scrapes: a guest under wmon run each.";
  return choice("instance", "Instance", text)
    .datasource(chosenSource("prometheus"))
    .query({ query: "label_values(guest_running, instance)", refId: "instance" });
}

/** Which files, directories and block devices (`$id`) of the chosen instances, all at first. */
export function diskVariable(): Variable {
  // Errors of what belongs to no open file have the directory's id.
  const names = "wasm_disk_open|wasm_disk_errors_total";
  const query = `label_values({__name__=~"${names}",instance=~"$instance"}, id)`;
  return choice("id", "File or device", "Files as the guest names them, and block devices.")
    .datasource(chosenSource("prometheus"))
    .query({ query, refId: "id" });
}

/** Which machines (`$vm`: wmon run --hostname), all at first, those without a name too. */
export function machineVariable(): Variable {
  return choice("vm", "Machine", "Guests that push, by the name of wmon run --hostname.")
    .datasource(chosenSource("influxql"))
    .query('SHOW TAG VALUES FROM "guest" WITH KEY = "vm"');
}

/** Labels that Grafana adds to every query: for expressions that must stay as they are. */
export function filterVariable(): Variable {
  return new AdHocVariableBuilder("filters")
    .label("Filters")
    .datasource(chosenSource("prometheus"));
}

function choice(name: string, label: string, description: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: ["All"], value: ["$__all"] })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc);
}
