/**
 * Answers as the web's `Response`.
 */
import type { HttpResponse } from "../platform.js";

/** A short text, plain. */
export function textResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const type = { "content-type": "text/plain; charset=utf-8" };
  return new Response(text, { status, headers: { ...type, ...headers } });
}

/** An answer of ours; `Response` copies the body, so its buffer is free again at once. */
export function toResponse(answer: HttpResponse, isHead: boolean): Response {
  const { "content-length": _counted, ...headers } = answer.headers;
  const body = isHead ? null : (answer.body as Uint8Array<ArrayBuffer>);
  const response = new Response(body, { status: answer.status, headers });
  answer.onSent?.();
  return response;
}
