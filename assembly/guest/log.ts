/**
 * Log sources. The monitor gates by level; a message that does not pass is not encoded, and with
 * `passes` it need not even be made.
 */
import { Level } from "../abi";
import { scratch } from "./message";
import { log_passes, log_source, log as writeLog } from "./monitor";

/** A log source: `const log = new Log("dns"); log.info("ready");`. Equal names share one. */
@final
export class Log {
  private readonly id: i32;

  constructor(readonly name: string) {
    scratch.reset();
    scratch.putText(name);
    this.id = log_source(scratch.address, scratch.byteCount);
  }

  /** True if a message of this level would be written: ask before formatting it. */
  passes(level: Level): bool {
    return log_passes(this.id, level) !== 0;
  }

  /** Writes a message, if its level passes. */
  write(level: Level, text: string): void {
    if (!this.passes(level)) return;
    scratch.reset();
    scratch.putText(text);
    writeLog(this.id, level, scratch.address, scratch.byteCount);
  }

  /** Writes what the program says to its user. */
  app(text: string): void {
    this.write(Level.App, text);
  }

  error(text: string): void {
    this.write(Level.Error, text);
  }

  warning(text: string): void {
    this.write(Level.Warning, text);
  }

  info(text: string): void {
    this.write(Level.Info, text);
  }

  debug(text: string): void {
    this.write(Level.Debug, text);
  }
}
