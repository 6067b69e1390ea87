/**
 * The numbers of ours that the dashboards of both stores draw, with the names that each store has
 * for them.
 */
import type { Field } from "./query.js";

export const RUNNING = field("guest_running", "guest", "running");
export const UPTIME = field("guest_uptime_seconds", "guest", "uptime");
export const TRAPS = field("guest_traps_total", "guest", "traps");

export const LINEAR_MEMORY = field("memory_linear_bytes", "memory", "memory linear bytes");
export const HIGH_WATER = field("memory_high_water_bytes", "memory", "memory high water bytes");
export const GROWTHS = field("memory_growths_total", "memory", "memory growths");

export const LIVE_BLOCKS = field("memtrace_live_blocks", "memtrace", "live_blocks");
export const SAMPLES = field("memtrace_samples_total", "memtrace", "samples");

export const ESTABLISHED = field("tcp_established_state", "tcp", "established state");
export const WAITING = field("tcp_syn_rcvd_state", "tcp", "syn-rcvd state");
export const ACCEPTED = field("tcp_total_established_total", "tcp", "total established");
export const RECEIVED = net("received");
export const SENT = net("transmitted");

export const IO_READ = field("wasi_io_read_bytes_total", "wasi_io", "read");
export const IO_WRITTEN = field("wasi_io_written_bytes_total", "wasi_io", "written");
export const CALLS = field("wasi_calls_total", "wasi", "calls", ["call"]);
export const CALL_ERRORS = field("wasi_errors_total", "wasi", "errors", ["call"]);

export const WARNINGS = field("logs_warnings_total", "logs", "warnings");
export const ERRORS = field("logs_errors_total", "logs", "errors");
export const MESSAGES = family("prometheus_logs_messages_total", "counter", ["level", "src"]);

export const SERIES = field("monitor_series", "monitor", "series");
export const SENT_LINES = push("sent_lines");
export const DROPPED_LINES = push("dropped_lines");
export const REJECTED_LINES = push("rejected_lines");

export const CPU = family("process_cpu_seconds_total", "counter");
export const RESIDENT_MEMORY = family("process_resident_memory_bytes", "gauge");
export const LOOP_LAG = family("nodejs_eventloop_lag_p99_seconds", "gauge");

function field(metric: string, measurement: string, key: string, labels?: string[]): Field {
  return { metric, measurement, key, ...(labels === undefined ? {} : { labels }) };
}

/** A family is a measurement of its own, whose one field is called after its type. */
function family(metric: string, type: "counter" | "gauge", labels?: string[]): Field {
  return field(metric, metric, type, labels);
}

/** Each listening socket is an interface. */
function net(direction: "received" | "transmitted"): Field {
  const metric = `net_wasi_${direction}_bytes_total`;
  return field(metric, "/^net-/", `${direction} bytes`, ["ifname"]);
}

function push(key: string): Field {
  return field(`monitor_push_${key}_total`, "monitor_push", key, ["receiver"]);
}
