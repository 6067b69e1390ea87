/**
 * The dashboard *Unikernel*: one look at a guest, after the picture of mirage-monitoring. The same
 * panels for what Prometheus scraped and for what InfluxDB was sent.
 */
import * as units from "@grafana/grafana-foundation-sdk/units";
import type { Board } from "./board.js";
import * as fields from "./fields.js";
import { type GraphOptions, graph, NEVER, type PanelBuilder, stat, table } from "./panel.js";
import {
  type Curve,
  type Field,
  InfluxTarget,
  promqlTable,
  type Reading,
  type Store,
  targetOf,
} from "./query.js";
import { instanceVariable, machineVariable } from "./variable.js";

/** A panel of either store. */
type Draw = (store: Store) => PanelBuilder;

/** The families of an instance by the word that their names begin with. */
const SERIES_BY_SOURCE =
  'sort_desc(count by (source) (label_replace({instance=~"$instance",__name__=~".+"}, ' +
  '"source", "$1", "__name__", "([^_]+).*")))';

/** *Unikernel* for one of the stores. */
export function unikernelBoard(store: Store): Board {
  const isScraped = store === "prometheus";
  return {
    uid: `wasm-monitoring-unikernel-${store}`,
    title: isScraped ? "Unikernel" : "Unikernel (InfluxQL)",
    description:
      "A guest under wmon run at one look: memory, allocator, connections, log, sources.",
    store,
    variables: [isScraped ? instanceVariable() : machineVariable()],
    rows: rows().map(([title, draws]) => ({ title, panels: draws.map((draw) => draw(store)) })),
  };
}

function rows(): [title: string, draws: readonly Draw[]][] {
  return [
    ["State", state()],
    ["Memory", memory()],
    ["Network and files", network()],
    ["Log", log()],
    ["Sources", sources()],
    ["Host process", host()],
  ];
}

function state(): Draw[] {
  return [
    number("Running", "Whether the guest runs: 1 or 0.", fields.RUNNING),
    (store) =>
      stat(
        {
          title: "Uptime",
          description: "Time since the guest was started.",
          unit: store === "prometheus" ? units.DurationSeconds : units.Nanoseconds,
        },
        [targetOf(curve("", fields.UPTIME), store)],
      ),
    never("Traps", "Traps that ended the guest, among what is shown.", fields.TRAPS),
    number("Linear memory", "Bytes of linear memory now.", fields.LINEAR_MEMORY, units.BytesIEC),
    never("Log warnings", "Messages of level warning, among what is shown.", fields.WARNINGS),
    never("Log errors", "Messages of level error, among what is shown.", fields.ERRORS),
  ];
}

function memory(): Draw[] {
  return [
    curves(
      {
        title: "Memory",
        description: "Linear memory of the guest, as seen at its WASI calls, and the most it was.",
        unit: units.BytesIEC,
      },
      [curve("linear", fields.LINEAR_MEMORY), curve("high water", fields.HIGH_WATER)],
    ),
    curves(
      {
        title: "Allocator",
        description:
          "How often the allocator asks for more pages, and, while a memory trace is made, the " +
          "sampled blocks: those that live, and new ones a second.",
        unit: units.Short,
      },
      [
        curve("growths/s", fields.GROWTHS, "rate"),
        curve("live sampled blocks", fields.LIVE_BLOCKS),
        curve("samples/s", fields.SAMPLES, "rate"),
      ],
    ),
  ];
}

function network(): Draw[] {
  return [
    curves(
      {
        title: "Connections",
        description: "Connections of the guest's listening sockets that are open, and new ones.",
        unit: units.Short,
      },
      [
        curve("established", fields.ESTABLISHED),
        curve("waiting", fields.WAITING),
        curve("accepted/s", fields.ACCEPTED, "rate"),
      ],
    ),
    curves(
      {
        title: "Bytes in and out",
        description: "What the guest's sockets received and sent, and all that it moved by WASI.",
        unit: units.BytesPerSecondIEC,
      },
      [
        curve("received", fields.RECEIVED, "rate"),
        curve("sent", fields.SENT, "rate"),
        curve("read by WASI", fields.IO_READ, "rate"),
        curve("written by WASI", fields.IO_WRITTEN, "rate"),
      ],
    ),
  ];
}

function log(): Draw[] {
  return [
    curves(
      {
        title: "Warnings and errors",
        description: "Log messages a second that are a warning or an error.",
        unit: units.MessagesPerSecond,
        isStacked: true,
      },
      [curve("warnings", fields.WARNINGS, "rate"), curve("errors", fields.ERRORS, "rate")],
    ),
    curves(
      {
        title: "Messages by source",
        description: "Log messages a second that passed their level, by level and log source.",
        unit: units.MessagesPerSecond,
        isStacked: true,
      },
      [curve("", fields.MESSAGES, "rate")],
    ),
  ];
}

function sources(): Draw[] {
  return [
    (store) =>
      table(
        {
          title: "Sources",
          description: "What reports: series by source, or the measurements that are stored.",
          unit: units.Short,
        },
        [
          store === "prometheus"
            ? promqlTable(SERIES_BY_SOURCE)
            : new InfluxTarget("SHOW MEASUREMENTS"),
        ],
      ),
    curves(
      {
        title: "Calls",
        description: "WASI calls a second by name, and those that returned an error.",
        unit: units.OpsPerSecond,
      },
      [curve("", fields.CALLS, "rate"), curve("failed", fields.CALL_ERRORS, "rate")],
    ),
    curves(
      {
        title: "Push",
        description: "Lines a second that receivers got, and those that none got.",
        unit: units.Short,
      },
      [
        curve("sent", fields.SENT_LINES, "rate"),
        curve("dropped", fields.DROPPED_LINES, "rate"),
        curve("rejected", fields.REJECTED_LINES, "rate"),
      ],
    ),
    curves(
      {
        title: "Series",
        description: "Series that the monitor has registered.",
        unit: units.Short,
      },
      [curve("", fields.SERIES)],
    ),
  ];
}

function host(): Draw[] {
  return [
    curves(
      {
        title: "CPU",
        description: "Processor time of the process that hosts the guest; 1 is one core.",
        unit: units.PercentUnit,
        columns: 8,
      },
      [curve("", fields.CPU, "rate")],
    ),
    curves(
      {
        title: "Resident memory",
        description: "Memory of the process that hosts the guest, all of it.",
        unit: units.BytesIEC,
        columns: 8,
      },
      [curve("", fields.RESIDENT_MEMORY)],
    ),
    curves(
      {
        title: "Event loop",
        description:
          "Delay of the host's event loop that 1 % of turns exceed; the guest is not on it.",
        unit: units.Seconds,
        columns: 8,
      },
      [curve("p99", fields.LOOP_LAG)],
    ),
  ];
}

function curve(legend: string, field: Field, reading: Reading = "value"): Curve {
  return { legend, field, reading };
}

function curves(options: GraphOptions, drawn: readonly Curve[]): Draw {
  return (store) =>
    graph(
      options,
      drawn.map((each) => targetOf(each, store)),
    );
}

function number(title: string, description: string, field: Field, unit = units.Short): Draw {
  return (store) => stat({ title, description, unit }, [targetOf(curve("", field), store)]);
}

/** Growth over all that is shown, red unless it is zero. */
function never(title: string, description: string, field: Field): Draw {
  const options = { title, description, unit: units.Short, thresholds: NEVER };
  return (store) => stat(options, [targetOf(curve("", field, "increase"), store)]);
}
