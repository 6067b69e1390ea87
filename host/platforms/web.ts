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
  const { url, headers, body, timeoutMs } = wanted;
  const abort = new AbortController();
  const { signal } = abort;
  const tooLate = new Error(`no answer within ${timeoutMs} ms`);
  const timer = setTimeout(() => abort.abort(tooLate), timeoutMs);
  // A function that a user puts around `fetch` may leave the signal out.
  const aborted = new Promise<never>((_, reject) => {
    signal.onabort = () => reject(tooLate);
  });
  const init = { method: "POST", headers, redirect: "manual", signal } as const;
  try {
    const answer = fetch(url, { ...init, body: body as Uint8Array<ArrayBuffer> }).then(readAnswer);
    return await Promise.race([answer, aborted]);
  } finally {
    clearTimeout(timer);
  }
}

async function readAnswer({ status, body, headers }: Response): Promise<ClientResponse> {
  const { bytes } = await readStart(body, RESPONSE_BYTES_MAX);
  return {
    status,
    body: new TextDecoder().decode(bytes.subarray(0, RESPONSE_BYTES_MAX)),
    headers: Object.fromEntries(headers),
  };
}

/** Reads a body, a chunk further than `bytesMax` at most. */
export async function readStart(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array; readonly isWhole: boolean }> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = body?.getReader();
  let byteCount = 0;
  let isWhole = reader === undefined;
  while (reader && !isWhole && byteCount <= bytesMax) {
    const { value, done } = await reader.read();
    isWhole = done;
    if (value) chunks.push(value as Uint8Array<ArrayBuffer>);
    byteCount += value?.length ?? 0;
  }
  // Some runtimes count a body that nobody ends as a leak.
  if (!isWhole) await reader?.cancel();
  return { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()), isWhole };
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const { body } = new Response(bytes as Uint8Array<ArrayBuffer>);
  const zipped = body?.pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}
