/**
 * The dashboard *Disk*: qcow2 images by the expressions of ocaml-qcow's own dashboard, letter for
 * letter, then every file, mount and block device of the guest.
 */
import * as units from "@grafana/grafana-foundation-sdk/units";
import type { Board } from "./board.js";
import { type GraphOptions, graph, type PanelBuilder } from "./panel.js";
import { promqlTarget } from "./query.js";
import { diskVariable, filterVariable, instanceVariable } from "./variable.js";

/** What the image rows show, with the words for it and its unit. */
const RATES: readonly (readonly [name: string, description: string, unit: string])[] = [
  ["reads", "Bytes a second that the guest reads.", units.BytesPerSecondIEC],
  ["writes", "Bytes a second that the guest writes.", units.BytesPerSecondIEC],
  ["discards", "Bytes a second that the guest discards.", units.BytesPerSecondIEC],
  ["erased", "Clusters of junk a second whose references are gone from the file.", units.Short],
  ["available", "Clusters a second that became free for reuse.", units.Short],
  ["copied", "Clusters a second that were copied elsewhere, as compaction does.", units.Short],
  ["flushed", "Copied clusters a second that are safe on the medium.", units.Short],
  ["referenced", "References a second that were changed to a flushed copy.", units.Short],
];

const WHERE = 'instance=~"$instance",id=~"$id"';
const MOUNTED = 'instance=~"$instance"';

/** Legend of a series of one file. */
const ID = "{{instance}} {{id}}";

/** Shares of operations that took at most as long as the curve shows. */
const QUANTILES = [0.5, 0.99];

/** The dashboard, which only Prometheus has. */
export function diskBoard(): Board {
  return {
    uid: "wasm-monitoring-disk",
    title: "Disk",
    description:
      "The guest's qcow2 images, files, mounts and block devices. The rows of images obey " +
      "Filters only: their expressions are ocaml-qcow's.",
    store: "prometheus",
    variables: [instanceVariable(), diskVariable(), filterVariable()],
    rows: [
      { title: "qcow2 images", panels: [space(), ...RATES.map(imageRate), garbage()] },
      { title: "Files and block devices", panels: files() },
      { title: "Mounts", panels: mounts() },
    ],
  };
}

function space(): PanelBuilder {
  const description =
    "Clusters that hold the guest's data, and clusters of the file. What lies between them is " +
    "metadata, and what compaction may give back.";
  return graph({ title: "Space", description, unit: units.Short, columns: 24 }, [
    promqlTarget("Mirage_qcow_used", `${ID} used`),
    promqlTarget("Mirage_qcow_size", `${ID} size`),
  ]);
}

function imageRate([name, description, unit]: (typeof RATES)[number]): PanelBuilder {
  const title = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return graph({ title, description, unit, columns: 8 }, [
    promqlTarget(`rate(Mirage_qcow_${name}[5m])`, ID),
  ]);
}

function garbage(): PanelBuilder {
  const description =
    "Clusters a second that lost their last reference, and that were taken to be used.";
  return graph({ title: "Junk and roots", description, unit: units.Short, columns: 8 }, [
    promqlTarget("rate(Mirage_qcow_junk[5m])", `${ID} junk`),
    promqlTarget("rate(Mirage_qcow_roots[5m])", `${ID} roots`),
  ]);
}

function files(): PanelBuilder[] {
  const { BytesPerSecondIEC: bytes, IOOpsPerSecond: operations } = units;
  return [
    rates({ title: "Bytes read", description: "Bytes a second, by file.", unit: bytes }, [
      ["", `wasm_disk_read_bytes_total{${WHERE}}`],
    ]),
    rates({ title: "Bytes written", description: "Bytes a second, by file.", unit: bytes }, [
      ["", `wasm_disk_written_bytes_total{${WHERE}}`],
    ]),
    rates({ title: "Operations", description: "By file, a second.", unit: operations }, [
      ["reads", `wasm_disk_reads_total{${WHERE}}`],
      ["writes", `wasm_disk_writes_total{${WHERE}}`],
    ]),
    rates({ title: "Discards and flushes", description: "By file, a second.", unit: operations }, [
      ["discards", `wasm_disk_discards_total{${WHERE}}`],
      ["flushes", `wasm_disk_flushes_total{${WHERE}}`],
    ]),
    latency("read"),
    latency("write"),
    latency("flush"),
    rates(
      {
        title: "Bytes discarded",
        description: "Bytes a second that a truncation cut off, or that the guest gave back.",
        unit: bytes,
        columns: 8,
      },
      [["", `wasm_disk_discarded_bytes_total{${WHERE}}`]],
    ),
    graph(
      {
        title: "Open",
        description: "Open descriptors, by file.",
        unit: units.Short,
        columns: 8,
      },
      [promqlTarget(`wasm_disk_open{${WHERE}}`, ID)],
    ),
    rates(
      {
        title: "Errors",
        description: "Failed operations a second, by file and errno.",
        unit: units.OpsPerSecond,
        columns: 8,
      },
      [["{{errno}}", `wasm_disk_errors_total{${WHERE}}`]],
    ),
  ];
}

function mounts(): PanelBuilder[] {
  const bytes = "Bytes a second of all files of a mount.";
  const operations = "Reads and writes a second of all files of a mount.";
  return [
    rates({ title: "Bytes of mounts", description: bytes, unit: units.BytesPerSecondIEC }, [
      ["read", `wasm_mount_read_bytes_total{${MOUNTED}}`],
      ["written", `wasm_mount_written_bytes_total{${MOUNTED}}`],
    ]),
    rates({ title: "Operations of mounts", description: operations, unit: units.IOOpsPerSecond }, [
      ["reads", `wasm_mount_reads_total{${MOUNTED}}`],
      ["writes", `wasm_mount_writes_total{${MOUNTED}}`],
    ]),
  ];
}

/** Growth a second of counters, each with the end of its legend. */
function rates(
  options: GraphOptions,
  counters: readonly (readonly [legend: string, counter: string])[],
): PanelBuilder {
  const targets = counters.map(([legend, counter]) =>
    promqlTarget(`rate(${counter}[$__rate_interval])`, `${ID} ${legend}`.trim()),
  );
  return graph(options, targets);
}

function latency(operation: "read" | "write" | "flush"): PanelBuilder {
  const buckets = `wasm_disk_${operation}_duration_seconds_bucket{${WHERE}}`;
  const rate = `sum by (instance, id, le) (rate(${buckets}[$__rate_interval]))`;
  const options: GraphOptions = {
    title: `Time to ${operation}`,
    description: "Seconds that half of the calls take at most, and 99 % of them, by file.",
    unit: units.Seconds,
    columns: 8,
  };
  const targets = QUANTILES.map((quantile) =>
    promqlTarget(`histogram_quantile(${quantile}, ${rate})`, `${ID} p${quantile * 100}`),
  );
  return graph(options, targets);
}
