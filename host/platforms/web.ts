/**
 * What runtimes of the web's kind have in common: Workers, edge functions, pages, service workers.
 * Time, `fetch` and `CompressionStream`; nothing that listens.
 */
import type { ClientRequest, ClientResponse, Platform } from "../platform.js";

const RESPONSE_BYTES_MAX = 4_096;

/** The platform, over a `fetch`: the global one, or a service binding's. */
export function webPlatform(fetch: typeof globalThis.fetch): Platform {
  return {
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    post: (request) => post(fetch, request),
    ...(typeof CompressionStream === "function" && { gzip }),
  };
}

/** Posts a body; rejects when there is no complete answer in time. Follows no redirects. */
async function post(fetch: typeof globalThis.fetch, wanted: ClientRequest) {
  const { url, headers, body, timeoutMs, signal } = wanted;
  // One of our own: a signal may be tied to the request that the runtime served when it was made.
  const abort = new AbortController();
  signal?.addEventListener("abort", () => abort.abort());
  const tooLate = new Error(`no answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => abort.abort(tooLate), timeoutMs);
  // A function that a user puts around `fetch` may leave the signal out.
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason));
  });
  const ask = async () => {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: body as Uint8Array<ArrayBuffer>,
      redirect: "manual",
      signal: abort.signal,
    });
    return readAnswer(response);
  };
  try {
    return await Promise.race([ask(), aborted]);
  } finally {
    clearTimeout(timer);
  }
}

async function readAnswer(response: Response): Promise<ClientResponse> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let body = "";
  let byteCount = 0;
  while (reader && byteCount < RESPONSE_BYTES_MAX) {
    const { value, done } = await reader.read();
    if (done) break;
    body += decoder.decode(value.subarray(0, RESPONSE_BYTES_MAX - byteCount), { stream: true });
    byteCount += value.length;
  }
  // Some runtimes count a body that nobody ends as a leak.
  if (byteCount >= RESPONSE_BYTES_MAX) await reader?.cancel();
  return { status: response.status, body, headers: Object.fromEntries(response.headers) };
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new CompressionStream("gzip");
  const writer = stream.writable.getWriter();
  // What goes wrong is told by the other end.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  return new Uint8Array(await new Response(stream.readable).arrayBuffer());
}
