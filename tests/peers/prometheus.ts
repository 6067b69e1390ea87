/**
 * A real Prometheus that scrapes what a test exposes, and promtool's opinion of an exposition.
 *
 * Prometheus looks at its targets only 5 s after its start, so the first sample takes 5 to 6 s.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { ask, formatQuery, isAnswering } from "./answer.js";
import { Peer, waitUntil } from "./peer.js";
import { freePort } from "./port.js";
import { needProgram } from "./program.js";

/** What a Prometheus scrapes. */
export interface PrometheusOptions {
  /** What is scraped every second, as `host:port`. */
  readonly targets: readonly string[];

  /** Sent with every scrape as `Authorization: Bearer`; none when absent. */
  readonly bearerToken?: string;
}

/** One element of an instant vector. */
export interface Sample {
  /** All labels, with the metric's name as `__name__`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timeS: number;
}

/** An address that is scraped, and how that went the last time. */
export interface Target {
  readonly scrapeUrl: string;
  readonly health: "up" | "down" | "unknown";
  /** Why the last scrape failed; empty if it did not. */
  readonly lastError: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an exposition says about a family. */
export interface Metadata {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** Starts a Prometheus of our own; throws if it does not answer within 30 s. */
export async function openPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const port = await freePort();
  const peer = new Peer({
    program: "prometheus",
    args: (folder) => [
      `--config.file=${join(folder, "config.json")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    isReady: () => isAnswering(port, "/-/ready"),
  });
  writeFileSync(join(peer.folder, "config.json"), formatConfiguration(options));
  await peer.start();
  return new Prometheus(peer, port);
}

/** A running Prometheus. */
export class Prometheus {
  constructor(
    private readonly peer: Peer,
    readonly port: number,
  ) {}

  /** Waits until every target has been scraped with success; throws the last error after 30 s. */
  async waitUntilUp(): Promise<void> {
    let targets: readonly Target[] = [];
    const isUp = async (): Promise<boolean> => {
      targets = await this.targets();
      return targets.length > 0 && targets.every((target) => target.health === "up");
    };
    await waitUntil(isUp, () => this.peer.describe(`not up: ${JSON.stringify(targets)}`));
  }

  /** Evaluates an expression now; its result is a vector or a scalar, else this throws. */
  async query(expression: string): Promise<Sample[]> {
    const data = await this.data<Result>(`/api/v1/query${formatQuery({ query: expression })}`);
    if (data.resultType === "scalar") return [readSample({ metric: {}, value: data.result })];
    if (data.resultType !== "vector") throw new Error(`not a vector: ${expression}`);
    return data.result.map(readSample);
  }

  /** Every target with its health. */
  async targets(): Promise<Target[]> {
    const data = await this.data<{ activeTargets: Target[] }>("/api/v1/targets");
    return data.activeTargets;
  }

  /** Type, help and unit by family name, as Prometheus understood them. */
  metadata(): Promise<Record<string, Metadata[]>> {
    return this.data("/api/v1/metadata");
  }

  close(): Promise<void> {
    return this.peer.close();
  }

  private async data<Data>(path: string): Promise<Data> {
    const answer = await ask(this.port, path);
    const body = JSON.parse(answer.text) as { status: string; error?: string; data: Data };
    if (body.status !== "success") throw new Error(`prometheus: ${body.error}`);
    return body.data;
  }
}

/** What `promtool check metrics` says of an exposition; exit code 0 if it finds nothing. */
export async function checkMetrics(
  exposition: string,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const child = spawn(needProgram("promtool"), ["check", "metrics"]);
  const closed = once(child, "close");
  child.stdin.end(exposition);
  const [output, problems] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await closed;
  return { exitCode: child.exitCode ?? 1, output: output + problems };
}

type Point = readonly [timeS: number, value: string];

interface Vector {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: Point;
}

type Result =
  | { readonly resultType: "vector"; readonly result: readonly Vector[] }
  | { readonly resultType: "scalar"; readonly result: Point }
  | { readonly resultType: "matrix" | "string" };

function readSample({ metric, value: [timeS, value] }: Vector): Sample {
  return { labels: metric, value: readNumber(value), timeS };
}

/** Prometheus writes infinities as `+Inf` and `-Inf`. */
function readNumber(value: string): number {
  return Number(value.replace("Inf", "Infinity"));
}

/** JSON is YAML. */
function formatConfiguration({ targets, bearerToken }: PrometheusOptions): string {
  const authorization = bearerToken === undefined ? {} : { credentials: bearerToken };
  return JSON.stringify({
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [
      {
        job_name: "test",
        static_configs: [{ targets }],
        ...(bearerToken === undefined ? {} : { authorization }),
      },
    ],
  });
}
