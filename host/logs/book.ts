/**
 * Where messages that passed their thresholds go: counted by level and source (`logs`, and
 * `prometheus_logs_messages_total`), then to the sink.
 */
import { Level } from "../../assembly/abi.js";
import type { Counter } from "../instruments/family.js";
import type { Source } from "../instruments/source.js";
import type { Meter } from "../meter.js";
import { LEVEL_NAMES } from "./record.js";
import type { LogTaker } from "./sink.js";

export class LogBook {
  #messages: Counter | undefined;
  #logs: Source | undefined;

  constructor(
    private readonly sink: LogTaker,
    private readonly nowNs: () => bigint,
  ) {}

  /** Registers the counts of messages. */
  count(meter: Pick<Meter, "counter" | "source">): void {
    this.#messages = meter.counter({
      name: "prometheus_logs_messages_total",
      help: "Log messages by level and source.",
      labels: ["level", "src"],
    });
    this.#logs = meter.source({
      name: "logs",
      help: "Log messages written",
      fields: [
        { key: "warnings", type: "counter" },
        { key: "errors", type: "counter" },
      ],
    });
  }

  /** What became of the messages on the way to where they are written. */
  get stats(): LogTaker["stats"] {
    return this.sink.stats;
  }

  /** Counts and writes a message that has passed its threshold, or needs none. */
  write(source: string, level: Level, message: string): void {
    if (level === Level.Error) this.#logs?.counter("errors").inc();
    else if (level === Level.Warning) this.#logs?.counter("warnings").inc();
    this.#messages?.inc({ level: LEVEL_NAMES[level] ?? "debug", src: source });
    this.sink.write({ timeNs: this.nowNs(), level, source, message });
  }
}
