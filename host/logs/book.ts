/**
 * Where messages that passed their thresholds go: counted by level and source (`logs`, and
 * `prometheus_logs_messages_total`), then to the sink.
 */
import { Level } from "../../assembly/abi.js";
import type { CounterCell } from "../instruments/cell.js";
import type { Counter } from "../instruments/family.js";
import type { Monitor } from "../monitor.js";
import type { LogOptions } from "../options.js";
import type { Platform } from "../platform.js";
import { LEVEL_NAMES, wantsColour } from "./record.js";
import { createLogSink, type LogSink } from "./sink.js";

/** Time for messages on their way to a syslog receiver when the monitor closes. */
const CLOSE_MS = 1_000;

export class LogBook {
  readonly #platform: Platform;
  readonly #sink: LogSink;
  #messages: Counter | undefined;
  #errors: CounterCell | undefined;
  #warnings: CounterCell | undefined;

  constructor(platform: Platform, options: LogOptions = {}, vmName = "-") {
    this.#platform = platform;
    const { format = "text", to = "stderr", colour = isColourful(platform) } = options;
    const identity = { hostName: vmName, processId: platform.processId ?? "-" };
    this.#sink = createLogSink({ platform, to, format, colour, identity });
  }

  /** Registers the counts of messages. */
  count(monitor: Monitor): void {
    this.#messages = monitor.counter({
      name: "prometheus_logs_messages_total",
      help: "Log messages by level and source.",
      labels: ["level", "src"],
    });
    const source = monitor.source({
      name: "logs",
      help: "Log messages written",
      fields: [
        { key: "warnings", type: "counter" },
        { key: "errors", type: "counter" },
      ],
    });
    this.#warnings = source.counter("warnings");
    this.#errors = source.counter("errors");
  }

  /** What became of the messages on the way to where they are written. */
  get stats(): LogSink["stats"] {
    return this.#sink.stats;
  }

  /** Counts and writes a message that has passed its threshold. */
  write(source: string, level: Level, message: string): void {
    if (level === Level.Error) this.#errors?.inc();
    else if (level === Level.Warning) this.#warnings?.inc();
    this.#messages?.inc({ level: LEVEL_NAMES[level] ?? "debug", src: source });
    this.#sink.write({ timeNs: this.#platform.nowNs(), level, source, message });
  }

  close(): Promise<void> {
    return this.#sink.close(CLOSE_MS);
  }
}

function isColourful(platform: Platform): boolean {
  return wantsColour(platform.isStderrTerminal?.() ?? false, platform.environment ?? {});
}
