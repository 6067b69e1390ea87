/**
 * A real Telegraf: takes the line protocol in every way it can, and writes a file of what it read.
 *
 * A stop or a kill loses no line that `lines()` has shown. A kill may lose the last 100 ms.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Peer, waitUntil } from "./peer.js";
import { freePort } from "./port.js";

const LINES_MS_MAX = 10_000;

/** How a Telegraf is started. */
export interface TelegrafOptions {
  /**
   * What `lines()` returns: line protocol, or one JSON object a line with names unescaped.
   * @default "influx"
   */
  readonly format?: "influx" | "json";

  /**
   * Which of Telegraf's two parsers reads the lines.
   * @default "internal"
   */
  readonly parser?: "internal" | "upstream";

  /** Expected by `/api/v2/write` as `Authorization: Token`; none when absent. */
  readonly token?: string;
}

/** Where a Telegraf listens, on 127.0.0.1. */
export interface TelegrafPorts {
  readonly tcp: number;
  readonly udp: number;
  /** HTTP at `/telegraf` (http_listener_v2). */
  readonly http: number;
  /** HTTP at `/write`, as InfluxDB 1. */
  readonly influx: number;
  /** HTTP at `/api/v2/write`, as InfluxDB 2. */
  readonly influx2: number;
}

/** Starts a Telegraf of our own; throws if it does not listen within 30 s. */
export async function openTelegraf(options: TelegrafOptions = {}): Promise<Telegraf> {
  const ports: TelegrafPorts = {
    tcp: await freePort(),
    udp: await freePort(),
    http: await freePort(),
    influx: await freePort(),
    influx2: await freePort(),
  };
  const peer = new Peer({
    program: "telegraf",
    args: (folder) => ["--config", join(folder, "telegraf.conf")],
    isReady: isListening,
  });
  const telegraf = new Telegraf(peer, ports);
  writeFileSync(join(peer.folder, "telegraf.conf"), formatConfiguration(telegraf, options));
  await peer.start();
  return telegraf;
}

/** A Telegraf that may be stopped and started again with the same ports; its lines stay. */
export class Telegraf {
  readonly unixPath: string;
  readonly linesPath: string;

  constructor(
    private readonly peer: Peer,
    readonly ports: TelegrafPorts,
  ) {
    this.unixPath = join(peer.folder, "telegraf.sock");
    this.linesPath = join(peer.folder, "lines");
  }

  /** All lines so far, in the order of arrival of each connection. */
  lines(): string[] {
    try {
      return readFileSync(this.linesPath, "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  }

  /** Waits until there are at least `count` lines and returns all; throws after 10 s. */
  async waitForLines(count: number): Promise<string[]> {
    await waitUntil(
      () => this.lines().length >= count,
      () => this.peer.describe(`${this.lines().length} of ${count} lines`),
      LINES_MS_MAX,
    );
    return this.lines();
  }

  /** What Telegraf logs: also the lines that it could not parse. */
  output(): string {
    return this.peer.output();
  }

  /** Ends the process by `signal`, by default with a chance to write what it received. */
  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.peer.stop(signal);
  }

  /** Starts it again after `stop()`. */
  start(): Promise<void> {
    return this.peer.start();
  }

  close(): Promise<void> {
    return this.peer.close();
  }
}

/** Every listener says so in the log. */
function isListening(output: string): boolean {
  const listeners = output.match(/(Listening|Started HTTP listener service) on /g) ?? [];
  return listeners.length === 6;
}

function formatConfiguration(telegraf: Telegraf, options: TelegrafOptions): string {
  const { ports, unixPath, linesPath } = telegraf;
  const addresses = [`tcp://127.0.0.1:${ports.tcp}`, `udp://127.0.0.1:${ports.udp}`];
  const format = options.format ?? "influx";
  const parser = JSON.stringify(options.parser ?? "internal");
  return `
[agent]
  flush_interval = "100ms"
  metric_buffer_limit = 1000000
  omit_hostname = true
[[outputs.file]]
  files = [${JSON.stringify(linesPath)}]
  data_format = "${format}"
  ${format === "influx" ? "influx_uint_support = true" : 'json_timestamp_units = "1ns"'}
${[...addresses, `unix://${unixPath}`].map((address) => formatSocket(address, parser)).join("")}
[[inputs.http_listener_v2]]
  service_address = "tcp://127.0.0.1:${ports.http}"
  paths = ["/telegraf"]
  data_format = "influx"
  influx_parser_type = ${parser}
[[inputs.influxdb_listener]]
  service_address = "127.0.0.1:${ports.influx}"
  parser_type = ${parser}
[[inputs.influxdb_v2_listener]]
  service_address = "127.0.0.1:${ports.influx2}"
  parser_type = ${parser}
  token = ${JSON.stringify(options.token ?? "")}
`;
}

function formatSocket(address: string, parser: string): string {
  return `
[[inputs.socket_listener]]
  service_address = ${JSON.stringify(address)}
  data_format = "influx"
  influx_parser_type = ${parser}
`;
}
