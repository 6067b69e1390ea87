/**
 * Serving HTTP with `node:http`, over TCP or a Unix socket. Request bodies are read and dropped;
 * the limits keep slow or greedy clients from holding what the watched program needs.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Address } from "../address.js";
import type { HttpRequest, HttpResponse, Listener } from "../platform.js";
import { bind } from "./node-listeners.js";
import { peerOf } from "./node-sockets.js";

const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 256;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** How late these two may be noticed: Node's default would let a slow client stay for 40 s. */
const TIMEOUT_CHECK_MS = 2_000;
/** Longer than the usual scrape intervals, so that a scraper keeps its connection. */
const KEEP_ALIVE_MS = 75_000;
/** A client that takes no byte of a response for this long is cut off. */
const WRITE_STALL_MS = 60_000;

/** Serves HTTP/1.1; rejects with the system's error. */
export function serveHttp(
  address: Address,
  handle: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
): Promise<Listener> {
  const server = createServer(
    {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
    },
    (request, response) => void answer(request, response, handle),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(WRITE_STALL_MS);
  return bind(server, address);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: HttpRequest) => HttpResponse | Promise<HttpResponse>,
): Promise<void> {
  request.resume();
  request.on("error", () => {});
  response.on("error", () => {});
  try {
    send(response, await handle(readRequest(request)));
  } catch {
    if (!response.headersSent) response.writeHead(500, { "content-length": "0" });
    response.end();
  }
}

function readRequest(request: IncomingMessage): HttpRequest {
  return {
    method: request.method ?? "",
    path: request.url ?? "/",
    headers: joinHeaders(request.headers),
    peer: peerOf(request.socket),
  };
}

function send(response: ServerResponse, { status, headers, body, onSent }: HttpResponse): void {
  if (response.destroyed || response.socket?.destroyed) {
    onSent?.();
    return;
  }
  // `close` follows the last byte as well as a broken connection.
  if (onSent) response.once("close", onSent);
  const hasNoBody = status === 204 || status === 304;
  response.writeHead(
    status,
    hasNoBody ? headers : { ...headers, "content-length": String(body.byteLength) },
  );
  response.end(hasNoBody ? undefined : body);
}

/** Node gives repeated headers as lists; ours are one text each. */
export function joinHeaders(
  headers: IncomingMessage["headers"],
): Readonly<Record<string, string | undefined>> {
  const joined: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    joined[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return joined;
}
