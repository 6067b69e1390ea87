/**
 * Answers to scrapes of `/metrics` (PROTOCOLS §4): methods, content negotiation, token, limits,
 * counters. The core writes the body; here it is copied once, never decoded. Owns no listener.
 */
import { hasBearer, secretOf } from "../control/token.js";
import type { HttpRequest, HttpResponse, Platform } from "../platform.js";
import { OPENMETRICS_TYPE, TEXT_TYPE, wantsGzip, wantsOpenMetrics } from "./negotiation.js";
import { Ring } from "./ring.js";

/** What is served, and to whom. */
export interface ScraperOptions {
  /** Compresses bodies for clients that want it. @default none are */
  readonly gzip?: Platform["gzip"];
  /**
   * Writes every active series as OpenMetrics or as text. The bytes must stay untouched until
   * the caller's next turn: a promise therefore has to resolve with a copy, a plain result may
   * be a view of the core's memory.
   */
  readonly encode: (openMetrics: boolean) => Uint8Array | Promise<Uint8Array>;
  /** Runs before each `encode`: collection hooks, which may take their time. */
  readonly gather?: () => void | Promise<void>;
  /**
   * What every request must carry as `Authorization: Bearer …`.
   * @default none
   */
  readonly token?: string | undefined;
  /**
   * Scrapes on their way at a time; more are answered 503.
   * @default 16
   */
  readonly scrapesMax?: number;
}

/** Counters of a scrape server. */
export interface ScrapeStats {
  /** Bodies answered with 200. */
  scrapes: number;
  /** Bytes of these bodies, as sent. */
  bytes: number;
  /** Of these, how many were compressed. */
  compressed: number;
  /** Scrapes on their way now. */
  open: number;
  /** Connections closed at once: too many were open. */
  readonly dropped: number;
  /** Requests answered 503: too many at a time. */
  refused: number;
  /** Requests answered 401. */
  unauthorized: number;
  /** Requests answered 404. */
  notFound: number;
  /** Requests answered 405. */
  methodRefused: number;
  /** Requests answered 500: gathering or encoding threw. */
  failed: number;
}

/** Also the absolute form, which a server has to take (RFC 9112 §3.2.2). */
const METRICS_TARGET = /^(?:https?:\/\/[^/?#]*)?\/metrics(?:\?|$)/;
const encoder = new TextEncoder();
/** Bytes below which compression costs more than it saves. */
const COMPRESS_BYTES_MIN = 1024;

/** Answers scrapes, wherever requests come from. */
export class Scraper {
  /** Connections that a listener of this scraper's closed at once. */
  droppedCount: () => number = () => 0;
  readonly stats: ScrapeStats = createStats(() => this.droppedCount());
  readonly #ring = new Ring();
  readonly #options: ScraperOptions;
  readonly #secret: Uint8Array | undefined;

  /** Throws `OPTION_INVALID` for a token that cannot be one. */
  constructor(options: ScraperOptions) {
    this.#options = options;
    this.#secret = secretOf(options.token);
  }

  /** Whoever sends the response calls its `onSent`: scrapes under way are counted. */
  answer(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    const refusal = this.#refusal(request);
    if (refusal !== undefined) return refusal;
    this.stats.open++;
    try {
      const gathered = this.#options.gather?.();
      if (gathered === undefined) return this.#encode(request);
      return gathered.then(
        () => this.#encode(request),
        (cause) => this.#failure(cause),
      );
    } catch (cause) {
      return this.#failure(cause);
    }
  }

  #refusal({ method, path, headers }: HttpRequest): HttpResponse | undefined {
    if (this.#secret !== undefined && !hasBearer(headers.authorization, this.#secret)) {
      this.stats.unauthorized++;
      const challenge = { "www-authenticate": 'Bearer realm="metrics"' };
      return plain(401, "a bearer token is required\n", challenge);
    }
    if (!METRICS_TARGET.test(path)) {
      this.stats.notFound++;
      return plain(404, "not found: the metrics are at /metrics\n");
    }
    if (method !== "GET" && method !== "HEAD") {
      this.stats.methodRefused++;
      return plain(405, "method not allowed: use GET or HEAD\n", { allow: "GET, HEAD" });
    }
    if (this.stats.open >= (this.#options.scrapesMax ?? 16)) {
      this.stats.refused++;
      return plain(503, "too many scrapes at a time\n", { "retry-after": "1" });
    }
    return undefined;
  }

  #encode(request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    try {
      const openMetrics = wantsOpenMetrics(request.headers.accept);
      const body = this.#options.encode(openMetrics);
      if (body instanceof Uint8Array) return this.#respond(request, openMetrics, body);
      return body.then(
        (bytes) => this.#respond(request, openMetrics, bytes),
        (cause) => this.#failure(cause),
      );
    } catch (cause) {
      return this.#failure(cause);
    }
  }

  #respond(
    request: HttpRequest,
    openMetrics: boolean,
    body: Uint8Array,
  ): HttpResponse | Promise<HttpResponse> {
    const slot = this.#ring.copy(body);
    const headers: Record<string, string> = {
      "content-type": openMetrics ? OPENMETRICS_TYPE : TEXT_TYPE,
      vary: "Accept, Accept-Encoding",
    };
    const { gzip } = this.#options;
    const isCompressible = gzip !== undefined && body.length >= COMPRESS_BYTES_MIN;
    if (!isCompressible || !wantsGzip(request.headers["accept-encoding"])) {
      return this.#deliver(request, headers, slot.bytes, slot.release);
    }
    return gzip(slot.bytes).then(
      (compressed) => {
        slot.release();
        headers["content-encoding"] = "gzip";
        this.stats.compressed++;
        return this.#deliver(request, headers, compressed, () => {});
      },
      (cause) => {
        slot.release();
        return this.#failure(cause);
      },
    );
  }

  #deliver(
    request: HttpRequest,
    headers: Record<string, string>,
    bytes: Uint8Array,
    release: () => void,
  ): HttpResponse {
    // To HEAD the platform sends the headers alone, the length of this body among them.
    this.stats.scrapes++;
    if (request.method === "GET") this.stats.bytes += bytes.length;
    headers["content-length"] = String(bytes.length);
    const onSent = () => {
      this.stats.open--;
      release();
    };
    return { status: 200, headers, body: bytes, onSent };
  }

  #failure(cause: unknown): HttpResponse {
    this.stats.open--;
    this.stats.failed++;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return plain(500, `the metrics could not be written: ${reason}\n`);
  }
}

function createStats(droppedCount: () => number): ScrapeStats {
  return {
    scrapes: 0,
    bytes: 0,
    compressed: 0,
    open: 0,
    get dropped() {
      return droppedCount();
    },
    refused: 0,
    unauthorized: 0,
    notFound: 0,
    methodRefused: 0,
    failed: 0,
  };
}

function plain(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): HttpResponse {
  const body = encoder.encode(text);
  return {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": String(body.length),
      ...headers,
    },
    body,
  };
}
