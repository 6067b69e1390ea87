/**
 * Scrapes of a page: its service worker hands requests to the page, where the counts are, and the
 * page's answer back; `wasm-monitoring/edge/page`.
 */
import { optionInvalid } from "../errors.js";
import { textResponse } from "./response.js";
import type { Serving } from "./serve.js";

/** A request on its way from the service worker to the page. */
interface Question {
  readonly wmonRequest: {
    readonly url: string;
    readonly method: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: ArrayBuffer | undefined;
  };
}

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ArrayBuffer;
}

/** What of a service worker's `clients` is needed. */
export interface PageClients {
  matchAll(options: {
    readonly type: "window";
    readonly includeUncontrolled: boolean;
  }): Promise<readonly { postMessage(message: unknown, transfer: MessagePort[]): void }[]>;
}

/** A page that computes answers late; one that is frozen never does. */
const PATIENCE_MS = 10_000;

/**
 * In the page: answers what its service worker asks, until the function returned is called. Throws
 * `OPTION_INVALID`.
 */
export function answerScrapes(
  monitor: Pick<Serving, "fetch">,
  container: EventTarget & { startMessages?(): void } = navigator.serviceWorker,
): () => void {
  if (typeof monitor.fetch !== "function") {
    optionInvalid("answerScrapes: the monitor was made without serve()");
  }
  const listener = (event: Event) => {
    const { data, ports } = event as MessageEvent<Question | undefined>;
    const [port] = ports;
    if (data?.wmonRequest !== undefined && port) void answer(monitor, data, port);
  };
  container.addEventListener("message", listener);
  container.startMessages?.();
  return () => container.removeEventListener("message", listener);
}

async function answer(
  monitor: Pick<Serving, "fetch">,
  { wmonRequest }: Question,
  port: MessagePort,
): Promise<void> {
  const { url, method, headers, body } = wmonRequest;
  const init = { method, headers: headers.map(([name, value]): [string, string] => [name, value]) };
  const response = await monitor.fetch(new Request(url, body ? { ...init, body } : init));
  const bytes = await response.arrayBuffer();
  const reply: Answer = { status: response.status, headers: [...response.headers], body: bytes };
  port.postMessage(reply, [bytes]);
}

/**
 * In the service worker: has a page answer, the one looked at last; 503 where no page is open, 504
 * where it does not answer within ten seconds.
 */
export async function askPage(request: Request, clients: PageClients): Promise<Response> {
  const [client] = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (client === undefined) return textResponse(503, "no page is open\n");
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const body = hasBody ? await request.arrayBuffer() : undefined;
  const { url, method } = request;
  const question: Question = { wmonRequest: { url, method, headers: [...request.headers], body } };
  const { port1, port2 } = new MessageChannel();
  const answered = new Promise<Response>((resolve) => {
    const timer = setTimeout(() => resolve(textResponse(504, "no answer\n")), PATIENCE_MS);
    port1.onmessage = ({ data }: MessageEvent<Answer>) => {
      clearTimeout(timer);
      const headers = data.headers.map(([name, value]): [string, string] => [name, value]);
      const isHead = method === "HEAD";
      resolve(new Response(isHead ? null : data.body, { status: data.status, headers }));
    };
  });
  client.postMessage(question, [port2]);
  // A port that is left open stays, in this process and in the page's.
  return answered.finally(() => port1.close());
}
