/**
 * A real VictoriaMetrics with its receiver for the line protocol over TCP and UDP.
 *
 * It stores what it cannot parse as 0: prove formats with InfluxDB, and connections with this one.
 * A kill loses what it received in the last seconds, flushed or not; a stop loses nothing.
 */
import { join } from "node:path";
import { ask, formatQuery, isAnswering } from "./answer.js";
import { Peer } from "./peer.js";
import { freePort } from "./port.js";

/** How a VictoriaMetrics is started. */
export interface VictoriaMetricsOptions {
  /**
   * More command line arguments, for example `-influxSkipSingleField`.
   * @default []
   */
  readonly args?: readonly string[];
}

/** One series with all its samples. */
export interface StoredSeries {
  /** All labels, with `<measurement>_<field>` as `__name__`. */
  readonly metric: Readonly<Record<string, string>>;
  /** Null for what JSON cannot say. */
  readonly values: readonly (number | null)[];
  /** In milliseconds, ascending: what is smaller was cut off. */
  readonly timestamps: readonly number[];
}

/** Starts a VictoriaMetrics of our own; throws if it does not answer within 30 s. */
export async function openVictoriaMetrics(
  options: VictoriaMetricsOptions = {},
): Promise<VictoriaMetrics> {
  const port = await freePort();
  const influxPort = await freePort();
  const peer = new Peer({
    program: "victoria-metrics",
    args: (folder) => [
      `-storageDataPath=${join(folder, "data")}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      `-influxListenAddr=127.0.0.1:${influxPort}`,
      "-retentionPeriod=100y",
      ...(options.args ?? []),
    ],
    isReady: () => isAnswering(port, "/health"),
  });
  await peer.start();
  return new VictoriaMetrics(peer, port, influxPort);
}

/** A VictoriaMetrics that may be killed and started again with the same ports and data. */
export class VictoriaMetrics {
  constructor(
    private readonly peer: Peer,
    /** HTTP, also for `/write` and `/api/v2/write`. */
    readonly port: number,
    /** Line protocol over TCP and UDP. */
    readonly influxPort: number,
  ) {}

  /** Makes everything received so far readable. */
  async flush(): Promise<void> {
    await this.askOk("/internal/force_flush");
  }

  /** Makes everything received so far readable and safe from `kill()`. */
  async save(): Promise<void> {
    await this.flush();
    await this.askOk("/snapshot/create"); // writes the parts in memory to disk
    await this.askOk("/snapshot/delete_all");
  }

  /** Every stored sample of the series that match, for example `{__name__="memory_used"}`. */
  export(match: string): Promise<StoredSeries[]> {
    return this.read(match, { reduce_mem_usage: "1" });
  }

  /** As queries see them: with `-dedup.minScrapeInterval=1ms`, each timestamp of a series once. */
  exportOnce(match: string): Promise<StoredSeries[]> {
    return this.read(match, {});
  }

  private async read(
    match: string,
    options: Readonly<Record<string, string>>,
  ): Promise<StoredSeries[]> {
    const query = { "match[]": match, start: "0", end: "9000000000", ...options };
    const text = await this.askOk(`/api/v1/export${formatQuery(query)}`);
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => JSON.parse(line) as StoredSeries);
  }

  /** Lets the process read nothing more, its connections standing, until `resume()`. */
  pause(): void {
    this.peer.signal("SIGSTOP");
  }

  resume(): void {
    this.peer.signal("SIGCONT");
  }

  /** Ends the process as a crash does. */
  kill(): Promise<void> {
    return this.peer.stop("SIGKILL");
  }

  /** Ends the process with a chance to save what it received. */
  stop(): Promise<void> {
    return this.peer.stop();
  }

  /** Starts it again after `kill()` or `stop()`. */
  start(): Promise<void> {
    return this.peer.start();
  }

  close(): Promise<void> {
    return this.peer.close();
  }

  private async askOk(path: string): Promise<string> {
    const { status, text } = await ask(this.port, path);
    if (status !== 200) throw new Error(this.peer.describe(`${path} answers ${status} ${text}`));
    return text;
  }
}
