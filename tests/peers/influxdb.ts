/**
 * A real InfluxDB 1.6: the reference for the line protocol, as it refuses what it cannot parse.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ask, formatQuery, isAnswering, parseJson } from "./answer.js";
import { Peer } from "./peer.js";
import { freePort } from "./port.js";

/** How an InfluxDB is started. */
export interface InfluxdbOptions {
  /**
   * Created at the start, and meant wherever a call names none; UDP writes go there.
   * @default "test"
   */
  readonly database?: string;
}

/** How lines are written over HTTP. */
export interface WriteOptions {
  /** @default the database of `openInfluxdb` */
  readonly database?: string;

  /**
   * Unit of the timestamps.
   * @default "ns"
   */
  readonly precision?: "ns" | "u" | "ms" | "s";

  /** For example `content-encoding: gzip`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Integers of 16 digits and more are bigints. Times are text with nanoseconds (RFC 3339). */
export type InfluxValue = string | number | bigint | boolean | null;

/** One series of a query's result; the first column is `time` in most. */
export interface InfluxSeries {
  readonly name: string;
  /** Only of queries with `GROUP BY`. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly InfluxValue[])[];
}

/** A field and the type that InfluxDB gave it. */
export interface FieldKey {
  readonly measurement: string;
  readonly key: string;
  readonly type: "float" | "integer" | "string" | "boolean";
}

/** Starts an InfluxDB of our own; throws if it does not answer within 30 s. */
export async function openInfluxdb(options: InfluxdbOptions = {}): Promise<Influxdb> {
  const database = options.database ?? "test";
  const port = await freePort();
  const udpPort = await freePort();
  const peer = new Peer({
    program: "influxd",
    args: (folder) => ["-config", join(folder, "influxdb.conf")],
    isReady: async (output) =>
      output.includes("Started listening on UDP") && (await isAnswering(port, "/ping")),
  });
  const configuration = formatConfiguration(peer.folder, { port, udpPort, database });
  writeFileSync(join(peer.folder, "influxdb.conf"), configuration);
  await peer.start();
  const influxdb = new Influxdb(peer, { port, udpPort, database });
  await influxdb.createDatabase(database);
  return influxdb;
}

interface Place {
  readonly port: number;
  readonly udpPort: number;
  readonly database: string;
}

/** A running InfluxDB. */
export class Influxdb {
  readonly port: number;
  readonly udpPort: number;
  readonly database: string;

  constructor(
    private readonly peer: Peer,
    place: Place,
  ) {
    this.port = place.port;
    this.udpPort = place.udpPort;
    this.database = place.database;
  }

  async createDatabase(database: string): Promise<void> {
    await this.query(`CREATE DATABASE ${quoteName(database)}`);
  }

  /** Writes lines over HTTP. Status 204 if all were taken; else `error` says why. */
  async write(
    lines: string | Uint8Array<ArrayBuffer>,
    options: WriteOptions = {},
  ): Promise<{ readonly status: number; readonly error: string }> {
    const query = { db: options.database ?? this.database, precision: options.precision ?? "ns" };
    const { status, text } = await ask(this.port, `/write${formatQuery(query)}`, {
      body: lines,
      headers: options.headers ?? {},
    });
    return { status, error: text === "" ? "" : (JSON.parse(text) as { error: string }).error };
  }

  /** Runs one InfluxQL statement and returns its series; throws its error. */
  async query(statement: string, database: string = this.database): Promise<InfluxSeries[]> {
    const body = new URLSearchParams({ db: database, q: statement }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { text } = await ask(this.port, "/query", { body, headers });
    const { results, error } = parseJson(text) as Reply;
    const problem = error ?? results?.[0]?.error;
    if (problem !== undefined) throw new Error(`influxdb: ${problem}: ${statement}`);
    return results?.[0]?.series ?? [];
  }

  /** Every field of `measurement`, or of all, with its type; one row a type if it has several. */
  async fieldKeys(measurement?: string): Promise<FieldKey[]> {
    const from = measurement === undefined ? "" : ` FROM ${quoteName(measurement)}`;
    const series = await this.query(`SHOW FIELD KEYS${from}`);
    return series.flatMap(({ name, values }) =>
      values.map(([key, type]) => ({ measurement: name, key, type }) as FieldKey),
    );
  }

  /** Ends the process by `signal`; data and ports stay for `start()`. */
  stop(signal?: NodeJS.Signals): Promise<void> {
    return this.peer.stop(signal);
  }

  start(): Promise<void> {
    return this.peer.start();
  }

  close(): Promise<void> {
    return this.peer.close();
  }
}

/** A name as InfluxQL writes it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

interface Reply {
  readonly error?: string;
  readonly results?: readonly { readonly error?: string; readonly series?: InfluxSeries[] }[];
}

function formatConfiguration(folder: string, { port, udpPort, database }: Place): string {
  const path = (name: string): string => JSON.stringify(join(folder, name));
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = ${path("meta")}
[data]
  dir = ${path("data")}
  wal-dir = ${path("wal")}
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
[[udp]]
  enabled = true
  bind-address = "127.0.0.1:${udpPort}"
  database = ${JSON.stringify(database)}
  batch-timeout = "100ms"
`;
}
