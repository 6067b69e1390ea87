/**
 * The dashboard *Guest memory*: how much memory a guest has, how near that is to what it may have,
 * what a memory trace sees, and what the process around it uses.
 */
import * as units from "@grafana/grafana-foundation-sdk/units";
import type { Board } from "./board.js";
import { graph, NEVER, type PanelBuilder, stat } from "./panel.js";
import { promqlTarget } from "./query.js";
import { instanceVariable } from "./variable.js";

/** Selects the chosen instances. */
const IN = '{instance=~"$instance"}';

const SHARE = `memory_linear_bytes${IN} / memory_limit_bytes${IN}`;

/** Above the first a user should look, above the second the rules alert. */
const SHARES = [
  { color: "green", value: null },
  { color: "yellow", value: 0.7 },
  { color: "red", value: 0.9 },
];

/** The dashboard, which only Prometheus has. */
export function memoryBoard(): Board {
  return {
    uid: "wasm-monitoring-memory",
    title: "Guest memory",
    description: "Linear memory of guests, memory traces, and the memory of the process around.",
    store: "prometheus",
    variables: [instanceVariable()],
    rows: [
      { title: "Now", panels: numbers() },
      { title: "Linear memory", panels: linear() },
      { title: "Memory trace", panels: trace() },
      { title: "Host process", panels: host() },
    ],
  };
}

function numbers(): PanelBuilder[] {
  const one = (title: string, description: string, unit: string, expression: string) =>
    stat({ title, description, unit }, [promqlTarget(expression, "{{instance}}")]);
  const share = {
    title: "Share of the limit",
    description: "Linear memory by the most that it may grow to.",
    unit: units.PercentUnit,
    thresholds: SHARES,
  };
  const lost = "Events that a memory trace lost, among what is shown.";
  return [
    one("Linear memory", "Bytes of linear memory.", units.BytesIEC, `memory_linear_bytes${IN}`),
    one("High water", "The most it was.", units.BytesIEC, `memory_high_water_bytes${IN}`),
    one("Limit", "What the module allows itself.", units.BytesIEC, `memory_limit_bytes${IN}`),
    stat(share, [promqlTarget(SHARE, "{{instance}}")]),
    one("Growths", "Since the start.", units.Short, `memory_growths_total${IN}`),
    stat({ title: "Lost events", description: lost, unit: units.Short, thresholds: NEVER }, [
      promqlTarget(
        `sum by (instance) (increase(memtrace_dropped_events_total${IN}[$__range]))`,
        "{{instance}}",
      ),
    ]),
  ];
}

function linear(): PanelBuilder[] {
  const bytes = "Bytes now, and the most there were. Linear memory never shrinks.";
  const share = "Linear memory by the most that it may grow to: the module's maximum, else 4 GiB.";
  return [
    graph({ title: "Bytes", description: bytes, unit: units.BytesIEC, columns: 8 }, [
      promqlTarget(`memory_linear_bytes${IN}`, "{{instance}} linear"),
      promqlTarget(`memory_high_water_bytes${IN}`, "{{instance}} high water"),
    ]),
    graph(
      {
        title: "Growth",
        description: "Bytes a second by which linear memory grows.",
        unit: units.BytesPerSecondIEC,
        columns: 8,
      },
      [promqlTarget(`deriv(memory_linear_bytes${IN}[$__rate_interval])`, "{{instance}}")],
    ),
    graph(
      {
        title: "Use of the limit",
        description: share,
        unit: units.PercentUnit,
        columns: 8,
        thresholds: SHARES,
      },
      [promqlTarget(SHARE, "{{instance}}")],
    ),
  ];
}

function trace(): PanelBuilder[] {
  const live = "Sampled blocks that are not freed yet, while somebody reads a memory trace.";
  const events = "Samples and events a second that traces got, and those that they lost.";
  return [
    graph({ title: "Live sampled blocks", description: live, unit: units.Short }, [
      promqlTarget(`memtrace_live_blocks${IN}`, "{{instance}}"),
    ]),
    graph({ title: "Events", description: events, unit: units.EventsPerSecond }, [
      promqlTarget(`rate(memtrace_samples_total${IN}[$__rate_interval])`, "{{instance}} samples"),
      promqlTarget(`rate(memtrace_events_total${IN}[$__rate_interval])`, "{{instance}} events"),
      promqlTarget(
        `rate(memtrace_dropped_events_total${IN}[$__rate_interval])`,
        "{{instance}} lost: {{reason}}",
      ),
    ]),
  ];
}

function host(): PanelBuilder[] {
  const resident = "All memory of the process in RAM; the guest's pages that were touched too.";
  const heap = "What V8 has for JavaScript, and what buffers outside of its heap take.";
  const pauses = "Share of time that V8 collects garbage, by kind.";
  return [
    graph({ title: "Resident", description: resident, unit: units.BytesIEC, columns: 8 }, [
      promqlTarget(`process_resident_memory_bytes${IN}`, "{{instance}}"),
    ]),
    graph({ title: "JavaScript heap", description: heap, unit: units.BytesIEC, columns: 8 }, [
      promqlTarget(`nodejs_heap_size_used_bytes${IN}`, "{{instance}} used"),
      promqlTarget(`nodejs_heap_size_total_bytes${IN}`, "{{instance}} total"),
      promqlTarget(`nodejs_external_memory_bytes${IN}`, "{{instance}} external"),
    ]),
    graph({ title: "Collections", description: pauses, unit: units.PercentUnit, columns: 8 }, [
      promqlTarget(
        `rate(nodejs_gc_duration_seconds_sum${IN}[$__rate_interval])`,
        "{{instance}} {{kind}}",
      ),
    ]),
  ];
}
