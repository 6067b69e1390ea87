/**
 * One HTTP request by `node:http` or `node:https`. Each has its own connection: a push comes every
 * few seconds, and a kept connection that the server closes meanwhile would fail it.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { ClientRequest, ClientResponse } from "../platform.js";
import { joinHeaders } from "./node-http.js";

const RESPONSE_BYTES_MAX = 4_096;

/** Posts a body; rejects when there is no complete answer in time. Follows no redirects. */
export function post(wanted: ClientRequest): Promise<ClientResponse> {
  const { url, headers, body, timeoutMs, signal } = wanted;
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      agent: false,
      headers: { ...headers, "content-length": String(body.byteLength) },
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${timeoutMs} ms`));
    }, timeoutMs);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      let byteCount = 0;
      response.on("data", (chunk: Buffer) => {
        if (byteCount < RESPONSE_BYTES_MAX) chunks.push(chunk);
        byteCount += chunk.byteLength;
      });
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX).toString("utf8");
        const status = response.statusCode ?? 0;
        resolve({ status, body: text, headers: joinHeaders(response.headers) });
      });
    });
    request.on("error", reject);
    request.once("close", () => clearTimeout(timer));
    request.end(body);
  });
}
