/**
 * An HTTP server that passes every request on to a program and notes what both sides said: a tap
 * between a monitor and its peer, whichever of them asks.
 */
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** One request and its answer. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly requestHeaders: IncomingHttpHeaders;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly responseHeaders: IncomingHttpHeaders;
  readonly responseBody: Buffer;
}

/** A tap that listens. */
export interface Tap {
  readonly port: number;
  /** In the order of the answers. */
  readonly exchanges: readonly Exchange[];
  close(): Promise<void>;
}

/** Opens a tap that passes everything on to `targetPort` of 127.0.0.1, some headers replaced. */
export async function openTap(
  targetPort: number,
  replaced: IncomingHttpHeaders = {},
): Promise<Tap> {
  const exchanges: Exchange[] = [];
  const server = createServer(async (incoming, outgoing) => {
    try {
      const { method = "GET", url: path = "/" } = incoming;
      const headers = { ...incoming.headers, ...replaced };
      const requestBody = await buffer(incoming);
      const exchange = await pass(targetPort, { method, path, headers, requestBody });
      exchanges.push(exchange);
      outgoing.writeHead(exchange.status, exchange.responseHeaders).end(exchange.responseBody);
    } catch {
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    exchanges,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly requestBody: Buffer;
}

function pass(port: number, incoming: Incoming): Promise<Exchange> {
  const { method, path, requestBody } = incoming;
  const requestHeaders = incoming.headers;
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers: requestHeaders };
    const outgoing = request(options, (response) => {
      buffer(response).then((responseBody) => {
        const { statusCode: status = 0, headers: responseHeaders } = response;
        const answer = { status, responseHeaders, responseBody };
        resolve({ method, path, requestHeaders, requestBody, ...answer });
      }, reject);
    });
    outgoing.on("error", reject).end(requestBody);
  });
}
