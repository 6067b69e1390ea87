/**
 * The log on the console, which edge runtimes keep for their users.
 */
import { Level } from "../../assembly/abi.js";
import { formatJson, formatText, type LogRecord, shorten } from "../logs/record.js";
import type { LogTaker } from "../logs/sink.js";

/** Writes each record as one call of `console`. */
export class ConsoleSink implements LogTaker {
  readonly stats = { written: 0, dropped: 0, truncated: 0, connects: 0, outages: 0 };

  constructor(private readonly format: "text" | "json" = "text") {}

  write(record: LogRecord): void {
    this.stats.written++;
    const short = shorten(record, this.stats);
    const line = (this.format === "json" ? formatJson : formatText)(short).trimEnd();
    if (record.level === Level.Error) console.error(line);
    else if (record.level === Level.Warning) console.warn(line);
    else console.log(line);
  }
}
