/**
 * What writes log records: standard error as text or JSON lines, or a syslog receiver. A record is
 * taken at once and never throws; what does not fit or does not arrive is counted.
 */
import { Level } from "../../assembly/abi.js";
import { MonitorError } from "../errors.js";
import type { LogOptions } from "../options.js";
import type { Platform } from "../platform.js";
import { paintLevel, wantsColour } from "./colour.js";
import { type LogDestination, parseDestination } from "./destination.js";
import { checkFormat, formatJson, formatText, type LogRecord, shorten } from "./record.js";
import {
  DATAGRAM_BYTES_MAX,
  formatSyslog,
  STREAM_MESSAGE_BYTES_MAX,
  type SyslogIdentity,
} from "./syslog.js";
import { SyslogDatagrams } from "./syslog-datagrams.js";
import { type Carrier, type CarrierEvents, SyslogStream } from "./syslog-stream.js";

export interface LogSinkOptions {
  readonly platform: Pick<Platform, "nowNs" | "writeStderr" | "connect" | "openDatagram">;
  /**
   * `stderr`, `syslog+udp://HOST[:PORT]` or `syslog+tcp://HOST[:PORT]`; port 514 by default.
   * @default "stderr"
   */
  readonly to?: string;
  /**
   * What a line on standard error looks like; syslog has its own form.
   * @default "text"
   */
  readonly format?: "text" | "json";
  /**
   * Colours the level of text lines; `wantsColour` decides as people expect.
   * @default false
   */
  readonly colour?: boolean;
  /**
   * APP-NAME, HOSTNAME and PROCID of syslog messages.
   * @default "wmon", "-", "-"
   */
  readonly identity?: Partial<SyslogIdentity>;
  /**
   * Messages that wait for a syslog receiver, in bytes; the oldest are dropped first.
   * @default 262_144
   */
  readonly backlogBytesMax?: number;
}

/** Counters of a sink. */
export interface LogSinkStats {
  /** Records taken. */
  written: number;
  /** Records lost: pushed out of the backlog, refused by the system, or left at the close. */
  dropped: number;
  /** Records whose text was cut. */
  truncated: number;
  /** Connections to the receiver, the first included. */
  connects: number;
  /** Outages: times that the receiver could not be reached. */
  outages: number;
}

/** What takes records, and counts. */
export interface LogTaker {
  write(record: LogRecord): void;
  readonly stats: Readonly<LogSinkStats>;
}

export interface LogSink extends LogTaker {
  /** Sends what waits, for at most so many milliseconds, then drops the rest; never rejects. */
  close(deadlineMs: number): Promise<void>;
}

/** The sink that a monitor's options ask for, as `createLogSink` throws. */
export function openLogSink(platform: Platform, options: LogOptions = {}, vmName = "-"): LogSink {
  const { environment = {}, processId = "-" } = platform;
  const isColourful = wantsColour(platform.isStderrTerminal?.() ?? false, environment);
  const { format = "text", to = "stderr", colour = isColourful } = options;
  const identity = { hostName: vmName, processId };
  return createLogSink({ platform, to, format, colour, identity });
}

/** Makes a sink. Throws `OPTION_INVALID` or `ADDRESS_INVALID`; later failures are only counted. */
export function createLogSink(options: LogSinkOptions): LogSink {
  const { format = "text", to = "stderr" } = options;
  checkFormat(format);
  const destination = parseDestination(to);
  const stats = { written: 0, dropped: 0, truncated: 0, connects: 0, outages: 0 };
  return destination.kind === "stderr"
    ? new LineSink(options, stats)
    : new SyslogSink(options, destination, stats);
}

class LineSink implements LogSink {
  readonly #writeStderr: (text: string) => void;
  readonly #format: (record: LogRecord) => string;
  #isClosed = false;

  constructor(
    { platform, format = "text", colour = false }: LogSinkOptions,
    readonly stats: LogSinkStats,
  ) {
    if (platform.writeStderr === undefined) {
      throw new MonitorError("OPTION_INVALID", "logs: this runtime has no standard error");
    }
    this.#writeStderr = platform.writeStderr;
    const paint = colour ? paintLevel : undefined;
    this.#format = format === "json" ? formatJson : (record) => formatText(record, paint);
  }

  write(record: LogRecord): void {
    if (this.#isClosed) {
      this.stats.dropped++;
      return;
    }
    this.stats.written++;
    this.#writeStderr(this.#format(shorten(record, this.stats)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }
}

class SyslogSink implements LogSink {
  readonly #carrier: Carrier;
  readonly #identity: SyslogIdentity;
  readonly #bytesMax: number;
  readonly #options: LogSinkOptions;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(
    options: LogSinkOptions,
    destination: Exclude<LogDestination, { kind: "stderr" }>,
    readonly stats: LogSinkStats,
  ) {
    this.#options = options;
    this.#identity = { appName: "wmon", hostName: "-", processId: "-", ...options.identity };
    this.#bytesMax = destination.kind === "udp" ? DATAGRAM_BYTES_MAX : STREAM_MESSAGE_BYTES_MAX;
    this.#carrier = openCarrier(options, destination, this.#events());
  }

  write(record: LogRecord): void {
    if (this.#isClosed) {
      this.stats.dropped++;
      return;
    }
    this.stats.written++;
    const { bytes, isTruncated } = formatSyslog(record, this.#identity, this.#bytesMax);
    if (isTruncated) this.stats.truncated++;
    this.#carrier.put(bytes);
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#carrier.waiting > 0) await this.#idleWithin(deadlineMs);
    this.#carrier.close();
  }

  /** This timer keeps the process alive, unlike the sockets: what waits is worth the wait. */
  #idleWithin(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #events(): CarrierEvents {
    return {
      onDrop: (count) => {
        this.stats.dropped += count;
      },
      onOutage: (reason) => {
        this.stats.outages++;
        this.#complain(reason);
      },
      onReconnect: () => {
        this.stats.connects++;
      },
      onIdle: () => this.#wake?.(),
    };
  }

  /** One line on standard error an outage: the log cannot report on itself. */
  #complain(reason: string): void {
    const { platform, to } = this.#options;
    const message = `${to} cannot be reached: ${reason}; messages wait, and the oldest are dropped`;
    const timeNs = platform.nowNs();
    const record = { timeNs, level: Level.Warning, source: "logs", message };
    platform.writeStderr?.(formatText(record));
  }
}

function openCarrier(
  { platform, backlogBytesMax = 262_144 }: LogSinkOptions,
  { kind, address }: Exclude<LogDestination, { kind: "stderr" }>,
  events: CarrierEvents,
): Carrier {
  const { connect, openDatagram } = platform;
  if (kind === "udp" && openDatagram !== undefined) {
    return new SyslogDatagrams(openDatagram, address, backlogBytesMax, events);
  }
  if (kind === "tcp" && connect !== undefined) {
    return new SyslogStream(connect, address, backlogBytesMax, events);
  }
  throw new MonitorError("OPTION_INVALID", `logs: this runtime has no ${kind} sockets`);
}
