/**
 * What the linker tells the monitor of an image, in the order of assembly/link/setup.ts: how far
 * the guest's memory may grow, the sources that every image has, as messages, and a series for each
 * WASI function that the guest imports. Names are those of `wmon run`; what an image cannot know of
 * itself (time to compile) is left out.
 */
import { SourceFlag } from "../../assembly/abi.js";
import {
  encodeSource,
  encodeValues,
  type FieldOptions,
  type SourceOptions,
} from "../definition.js";

/** Bytes that the monitor has for this. */
const SETUP_BYTES_MAX = 16384;

const counter = (key: string, help: string): FieldOptions => ({ key, type: "counter", help });

const MEMORY: SourceOptions = {
  name: "memory",
  help: "Linear memory of the guest.",
  fields: [
    { key: "memory linear bytes", type: "gauge", help: "Bytes of linear memory now." },
    counter("memory growths", "Growths of linear memory."),
    { key: "memory high water bytes", type: "gauge", help: "Most bytes of linear memory so far." },
    { key: "memory limit bytes", type: "gauge", help: "Bytes to which linear memory may grow." },
  ],
};

const GUEST: SourceOptions = {
  name: "guest",
  help: "The program that runs under watch.",
  fields: [
    { key: "uptime", type: "duration", help: "Time since the guest was started." },
    { key: "running", type: "bool", help: "Whether the guest runs." },
    counter("refused calls", "Calls of the guest that wmon refused."),
    counter("dropped logs", "Log messages that could not be written."),
    counter("cut logs", "Log messages that were too long, and cut."),
  ],
};

const CALLS: SourceOptions = {
  name: "wasi",
  help: "WASI calls of the guest, by name.",
  tags: ["call"],
  fields: [
    counter("calls", "Calls."),
    counter("errors", "Calls that returned an error number."),
    { key: "duration", type: "float-counter", help: "Time spent in calls.", unit: "seconds" },
  ],
};

const TRANSFERS: SourceOptions = {
  name: "wasi_io",
  help: "Bytes that the guest moved through WASI.",
  fields: [
    { ...counter("read", "Bytes read from files, pipes and sockets."), unit: "bytes" },
    { ...counter("written", "Bytes written to them."), unit: "bytes" },
  ],
};

const OWN: SourceOptions = {
  name: "monitor",
  help: "What the monitor's limits did",
  fields: [
    { key: "series", type: "gauge" },
    { key: "overflowed", type: "counter" },
    { key: "refused", type: "counter" },
    { key: "truncated", type: "counter" },
  ],
};

const PUSH: SourceOptions = {
  name: "monitor_push",
  help: "Delivery of pushed lines",
  fields: [
    { key: "sent_lines", type: "counter" },
    { key: "sent_bytes", type: "counter" },
    { key: "dropped_lines", type: "counter" },
    counter("failures", "Times that a line or an exposition could not be written"),
  ],
};

const CONTROL: SourceOptions = {
  name: "monitor_control",
  help: "Commands from a file or a pipe",
  fields: [
    counter("commands", "Commands executed, those that failed included"),
    counter("failed", "Commands answered with an error"),
    counter("changed", "Commands that changed something"),
    counter("oversized", "Commands over the limit, skipped"),
    counter("unanswered", "Replies that could not be written"),
    counter("unreadable", "Looks at a file or pipe that is there and cannot be opened"),
  ],
};

const LOGS: SourceOptions = {
  name: "logs",
  help: "Log messages written",
  fields: [
    { key: "warnings", type: "counter" },
    { key: "errors", type: "counter" },
  ],
};

const MESSAGES_HELP = "Log messages by level and source.";
const MESSAGES: SourceOptions = {
  name: "prometheus_logs_messages_total",
  help: MESSAGES_HELP,
  tags: ["level", "src"],
  fields: [{ key: "value", type: "float-counter", help: MESSAGES_HELP }],
};

const TRACES: SourceOptions = {
  name: "memtrace",
  help: "Memory traces",
  fields: [
    { key: "samples", type: "counter" },
    { key: "events", type: "counter" },
    { key: "bytes", type: "counter" },
    { key: "sessions", type: "counter" },
    { key: "failed_sessions", type: "counter" },
    { key: "untracked_blocks", type: "counter" },
    { key: "cut_backtraces", type: "counter" },
    { key: "active", type: "gauge" },
    { key: "live_blocks", type: "gauge" },
  ],
};

const LOST_EVENTS: SourceOptions = {
  name: "memtrace_dropped",
  help: "Events that a memory trace lost, by reason",
  tags: ["reason"],
  fields: [{ key: "events", type: "counter" }],
};

/** What the setup of a guest that is traced has in addition. */
const TRACE_SETUP = [
  ...counted(encodeSource(TRACES)),
  ...counted(encodeSource(LOST_EVENTS)),
  ...counted(encodeValues(["errors"])),
];

/** What a setup is made for. */
export interface SetupOptions {
  /** What the guest imports of WASI. */
  readonly calls: readonly string[];
  /** Pages that it may have. */
  readonly pagesMax: number;
  readonly isTraced: boolean;
}

/** The setup of a guest. */
export function encodeSetup({ calls, pagesMax, isTraced }: SetupOptions): Uint8Array {
  const sources = [MEMORY, GUEST, CALLS, TRANSFERS, OWN, PUSH, CONTROL, LOGS];
  const bytes = [
    ...u16(pagesMax & 0xffff),
    ...u16(pagesMax >>> 16),
    ...sources.flatMap((source) => counted(encodeSource(source))),
    ...counted(encodeSource(MESSAGES, SourceFlag.Family)),
    ...u16(calls.length),
    ...calls.flatMap((call) => counted(encodeValues([call]))),
    ...(isTraced ? TRACE_SETUP : []),
  ];
  if (bytes.length > SETUP_BYTES_MAX) throw new Error(`a setup of ${bytes.length} bytes`);
  return Uint8Array.from(bytes);
}

function counted(message: Uint8Array): number[] {
  return [...u16(message.length), ...message];
}

function u16(value: number): number[] {
  return [value & 255, value >> 8];
}
