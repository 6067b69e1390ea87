/**
 * Events that a running program drops while it is traced. The trace does not tell, for ids are
 * given to what is written; the program's own metrics do.
 */
import { type Address, formatHostPort } from "../address.js";

const POLL_MS = 1000;
const TIMEOUT_MS = 900;
const METRICS_PORT = 9090;

export class Drops {
  /** Dropped since the first answer; undefined without any. */
  count: number | undefined;
  readonly #url: string | undefined;
  #first: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last: Promise<void> = Promise.resolve();

  /** Asks `url`, or the default port on the machine of the trace port. */
  constructor(from: Address, url: string | undefined) {
    const place = from.kind === "tcp" ? formatHostPort(from.host, METRICS_PORT) : undefined;
    this.#url = url ?? (place && `http://${place}/metrics`);
  }

  open(): void {
    if (this.#url === undefined) return;
    this.#ask(this.#url);
    this.#timer = setInterval((url: string) => this.#ask(url), POLL_MS, this.#url);
  }

  /** Waits for the last answer. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
  }

  #ask(url: string): void {
    this.#last = fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      .then(async (response) => this.#read(await response.text()))
      // A program without metrics is traced all the same.
      .catch(() => {});
  }

  #read(exposition: string): void {
    // Another program's metrics would tell of other traces.
    if (!/^memtrace_active 1$/m.test(exposition)) return;
    let dropped = 0;
    for (const [, count] of exposition.matchAll(/^memtrace_dropped_events_total\{.*\} (\S+)$/gm)) {
      dropped += Number(count);
    }
    this.#first ??= dropped;
    this.count = dropped - this.#first;
  }
}
