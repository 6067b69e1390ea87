/**
 * What runtimes push to, and ask what arrived: Influx over HTTP with faults on demand, and line
 * protocol over TCP. Serves the browser's files as well, so that a page is of the same origin.
 */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcp, type Server } from "node:net";
import { gunzipSync } from "node:zlib";

/** One push as it came. */
export interface Received {
  readonly status: number;
  readonly encoding: string;
  readonly text: string;
}

export interface Receiver {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly tcpPort: number;
  close(): Promise<void>;
}

/** A file that the browser may fetch. */
export interface ServedFile {
  readonly type: string;
  readonly body: string | Uint8Array;
}

/**
 * Opens it. `POST /write/NAME` takes a push, `POST /fail/NAME?503` has the next one of that name
 * fail, `GET /pushed/NAME` lists them as JSON, `GET /tcp` gives what came over TCP.
 */
export async function openReceiver(
  files: Readonly<Record<string, ServedFile>> = {},
): Promise<Receiver> {
  let tcpText = "";
  const tcp = createTcp({ allowHalfOpen: false }, (socket) => {
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      tcpText += chunk;
    });
    socket.on("error", () => {});
  });
  const inbox = new Inbox();
  const http = createHttp((request, response) => {
    const [, verb = "", name = ""] = new URL(request.url ?? "/", "http://x").pathname.split("/");
    const file = files[`/${[verb, name].filter(Boolean).join("/")}`];
    if (file) response.writeHead(200, { "content-type": file.type }).end(file.body);
    else if (verb === "tcp") response.end(tcpText);
    else void inbox.answer(verb, name, { request, response });
  });
  const [tcpPort, port] = [await listen(tcp), await listen(http)];
  return {
    origin: `http://127.0.0.1:${port}`,
    tcpPort,
    async close() {
      http.closeAllConnections();
      await Promise.all([shut(http), shut(tcp)]);
    },
  };
}

class Inbox {
  readonly #pushes = new Map<string, Received[]>();
  readonly #faults = new Map<string, number>();

  async answer(
    verb: string,
    name: string,
    { request, response }: { request: IncomingMessage; response: ServerResponse },
  ): Promise<void> {
    const body = await readBody(request);
    if (verb === "pushed") {
      response.end(JSON.stringify(this.#pushes.get(name) ?? []));
    } else if (verb === "fail") {
      this.#faults.set(name, Number(request.url?.split("?")[1]));
      response.end();
    } else if (verb === "write") {
      const status = this.#faults.get(name) ?? 204;
      this.#faults.delete(name);
      const encoding = request.headers["content-encoding"] ?? "";
      const text = (encoding === "gzip" ? gunzipSync(body) : body).toString("utf8");
      this.#pushes.set(name, [...(this.#pushes.get(name) ?? []), { status, encoding, text }]);
      response.writeHead(status).end();
    } else {
      response.writeHead(404).end();
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
