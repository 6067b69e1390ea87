/**
 * Loggers: a source's name and its threshold, which the core holds. A message that does not pass
 * costs one load and one branch; give a function to spare its formatting too.
 */
import { Level, LOG_LEVEL_OFFSET } from "../../assembly/abi.js";
import type { Core } from "../core.js";

/** A message, or what makes it when it is wanted. */
export type Message = string | (() => string);

export type LogWriter = (source: string, level: Level, message: string) => void;

export class Logger {
  readonly #threshold: number;

  constructor(
    readonly name: string,
    private readonly core: Core,
    log: number,
    private readonly write: LogWriter,
  ) {
    this.#threshold = (log + LOG_LEVEL_OFFSET) >>> 2;
  }

  /** Whether a message of this level is written now. */
  passes(level: Level): boolean {
    return (this.core.words[this.#threshold] as number) >= level && level > Level.Quiet;
  }

  /** Writes a message if its level passes. */
  log(level: Level, message: Message): void {
    if (!this.passes(level)) return;
    // Callers without types log errors and numbers too: a log call must not be what fails.
    this.write(this.name, level, String(typeof message === "function" ? message() : message));
  }

  app(message: Message): void {
    this.log(Level.App, message);
  }

  error(message: Message): void {
    this.log(Level.Error, message);
  }

  warning(message: Message): void {
    this.log(Level.Warning, message);
  }

  info(message: Message): void {
    this.log(Level.Info, message);
  }

  debug(message: Message): void {
    this.log(Level.Debug, message);
  }
}
