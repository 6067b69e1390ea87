/**
 * The monitor where nothing listens and nothing runs in between: `fetch` answers scrapes and
 * commands, `flush` pushes, and whoever calls says when. Counts live as long as the isolate.
 */
import { Core } from "../core.js";
import { MonitorError } from "../errors.js";
import { LogBook } from "../logs/book.js";
import { Meter } from "../meter.js";
import type { Platform } from "../platform.js";
import { webPlatform } from "../platforms/web.js";
import { checkPositive } from "../push/bound.js";
import { HttpTransport } from "../push/http.js";
import { numberTwins, parseReceiver, type Receiver } from "../push/receiver-url.js";
import { copyReport } from "../push/report.js";
import type { PushLogLevel, Transport, TransportContext } from "../push/transport.js";
import { Scraper } from "../scrape/scraper.js";
import { OWN_NAME, RECEIVER_KEYS } from "../self.js";
import { applySettings } from "../setting.js";
import { ConsoleSink } from "./console.js";
import { Control } from "./control.js";
import type { EdgeOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { textResponse, toResponse } from "./response.js";
import { SocketTransport } from "./socket.js";

const INTERVAL_MS = 10_000;
const SERIES_TTL_MS = 300_000;
const BUFFER_BYTES_MAX = 4 * 1024 * 1024;
const BUFFER_LINES_MAX = 50_000;
const LIMITS = { connectTimeoutMs: 5_000, writeTimeoutMs: 10_000 };

/** A monitor of one isolate. */
export class EdgeMonitor extends Meter {
  /** Tells this isolate from others. */
  readonly instance: string;
  readonly #options: EdgeOptions;
  readonly #platform: Platform;
  readonly #basePath: string;
  readonly #intervalMs: number;
  readonly #outboxes: readonly Outbox[];
  readonly #control: Control;
  readonly #scraper: Scraper;
  #flushedMs = Number.NEGATIVE_INFINITY;

  /** For `createEdgeMonitor`. */
  constructor(options: EdgeOptions) {
    const { module, vmName = "edge", logs } = options;
    const instance = checkInstance(options.instance ?? drawInstance());
    const platform = webPlatform(options.fetch ?? ((...request) => globalThis.fetch(...request)));
    super({
      core: new Core({ ...options, module: checkModule(module), vmName: `${vmName}-${instance}` }),
      nowNs: platform.nowNs,
      seriesTtlMs: options.seriesTtlMs ?? SERIES_TTL_MS,
      openBook: () => new LogBook(new ConsoleSink(logs?.format), platform.nowNs),
    });
    this.instance = instance;
    this.#options = options;
    this.#platform = platform;
    this.#basePath = checkPath(options.basePath ?? "");
    this.#intervalMs = checkPositive("intervalMs", options.intervalMs ?? INTERVAL_MS);
    applySettings(this.core, platform, { verb: "L", option: "logLevels", ...options });
    applySettings(this.core, platform, { verb: "M", option: "metrics", ...options });
    const token = options.controlToken;
    this.#control = new Control({
      token,
      execute: (command) => this.execute(command),
      audit: (level, text) => this.writeLog("control", level, text),
    });
    this.#scraper = new Scraper({ token, encode: (openMetrics) => this.prometheus(openMetrics) });
    this.#outboxes = receiversOf(options.push).map((receiver) => this.#openOutbox(receiver));
    this.#showParts(vmName);
  }

  /** Whether `fetch` has an answer to such a request. */
  owns(request: { readonly url: string }): boolean {
    const path = this.#pathOf(request.url);
    return path === "/metrics" || path === "/control";
  }

  /** Answers `GET /metrics` and `POST /control` below `basePath`; everything else with 404. */
  async fetch(request: Request): Promise<Response> {
    const path = this.#pathOf(request.url);
    if (path === "/control") return this.#control.answer(request);
    if (path !== "/metrics") {
      return textResponse(404, "not found: GET /metrics, or POST commands to /control\n");
    }
    const { method, headers } = request;
    const wanted = { accept: headers.get("accept"), authorization: headers.get("authorization") };
    const answer = await this.#scraper.answer({
      method,
      path,
      headers: {
        accept: wanted.accept ?? undefined,
        authorization: wanted.authorization ?? undefined,
      },
      peer: "",
    });
    return toResponse(answer, method === "HEAD");
  }

  /**
   * Gathers once and sends to every receiver; whether all have everything. What could not be sent
   * waits, with its time, for the next flush. Never rejects: give it to `waitUntil`.
   */
  async flush(): Promise<boolean> {
    this.#flushedMs = performance.now();
    this.#gather();
    const sent = await Promise.all(this.#outboxes.map((outbox) => outbox.send()));
    return sent.every((isEmpty) => isEmpty);
  }

  /** Flushes if the last time was `intervalMs` ago or more: for every request. Never rejects. */
  async flushIfDue(): Promise<boolean> {
    const isDue = performance.now() - this.#flushedMs >= this.#intervalMs;
    return isDue ? this.flush() : true;
  }

  #gather(): void {
    if (this.#outboxes.length === 0) return;
    try {
      const report = copyReport(this.influx());
      for (const outbox of this.#outboxes) outbox.enqueue(report);
    } catch (error) {
      this.#log("error", `push: nothing gathered: ${error}`);
    }
  }

  #pathOf(url: string): string | undefined {
    const { pathname } = new URL(url);
    return pathname.startsWith(this.#basePath) ? pathname.slice(this.#basePath.length) : undefined;
  }

  #openOutbox(receiver: Receiver): Outbox {
    const { bufferBytesMax = BUFFER_BYTES_MAX, bufferLinesMax = BUFFER_LINES_MAX } = this.#options;
    const { label } = receiver;
    return new Outbox({
      label,
      bytesMax: checkPositive("bufferBytesMax", bufferBytesMax),
      linesMax: checkPositive("bufferLinesMax", bufferLinesMax),
      log: (level, text) => this.#log(level, text),
      open: (part) => this.#openTransport(receiver, part),
    });
  }

  #openTransport(
    receiver: Receiver,
    part: Pick<TransportContext, "buffer" | "stats" | "log">,
  ): Transport {
    const { timestamps, connect } = this.#options;
    const context: TransportContext = {
      ...part,
      platform: this.#platform,
      limits: LIMITS,
      intervalMs: this.#intervalMs,
      unref: true,
      bestEffort: timestamps === "none",
      onLost: () => {},
    };
    if (receiver.kind === "http") return new HttpTransport(context, receiver);
    if (receiver.kind === "stream" && receiver.address.kind === "tcp" && connect) {
      return new SocketTransport(context, receiver.address, connect);
    }
    throw new MonitorError(
      "OPTION_INVALID",
      `push ${receiver.label}: this runtime reaches http(s):// receivers, and tcp:// ones where ` +
        "the option connect is given",
    );
  }

  #log(level: PushLogLevel, text: string): void {
    this.log(OWN_NAME)[level](text);
  }

  #showParts(vmName: string): void {
    this.gauge({
      name: "monitor_isolate_info",
      help: "The isolate that answers, and the monitor's name.",
      labels: ["id", "vm"],
      ttlMs: 0,
    })
      .child({ id: this.instance, vm: vmName })
      .set(1);
    const scraped = this.#scraper.stats;
    const parts = { monitor_scrape: scraped, monitor_control: this.#control.stats };
    for (const [name, stats] of Object.entries(parts)) {
      const help = "What fetch was asked, and answered";
      this.show({ name, help, keys: Object.keys(stats), read: () => ({ ...stats }) });
    }
    for (const { label, stats } of this.#outboxes) {
      this.show({
        name: "monitor_push",
        help: "Delivery of pushed lines, by receiver",
        keys: RECEIVER_KEYS,
        tag: { key: "receiver", value: label },
        read: () => Object.fromEntries(RECEIVER_KEYS.map((key) => [key, stats[key]])),
      });
    }
  }
}

function receiversOf(push: EdgeOptions["push"] = []): readonly Receiver[] {
  const list = typeof push === "string" ? [push] : push;
  return numberTwins(
    // A binding that is not set is undefined, whatever the types say: refused in words.
    list.map((to) => (typeof to === "string" ? parseReceiver(to) : parseReceiver(to?.url, to))),
  );
}

/** Workers refuse random numbers before the first request. */
function drawInstance(): string {
  try {
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch (cause) {
    throw new MonitorError(
      "OPTION_INVALID",
      "instance: there are no random numbers yet: make the monitor in the first request, or " +
        "name its instance",
      { cause },
    );
  }
}

function checkInstance(instance: string): string {
  if (/^[\w.-]{1,64}$/.test(instance)) return instance;
  throw new MonitorError(
    "OPTION_INVALID",
    `instance ${JSON.stringify(instance)} is no name: write 1 to 64 letters, digits, _, . or -`,
  );
}

function checkPath(basePath: string): string {
  if (/^(\/[^/?#]+)*$/.test(basePath)) return basePath;
  throw new MonitorError(
    "OPTION_INVALID",
    `basePath ${JSON.stringify(basePath)} can begin no path: write "/_monitor"`,
  );
}

/** Not every caller has a compiler that says so. */
function checkModule(module: WebAssembly.Module): WebAssembly.Module {
  if (Object.prototype.toString.call(module) === "[object WebAssembly.Module]") return module;
  throw new MonitorError(
    "OPTION_INVALID",
    "module: wanted is a compiled WebAssembly.Module: import wasm-monitoring/monitor.wasm, or " +
      "compile its bytes",
  );
}
