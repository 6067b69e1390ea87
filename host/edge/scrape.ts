/**
 * Scrapes of an isolate: written while they are asked for, and copied by `Response`, so that none
 * waits. Not compressed: networks before such runtimes do that.
 */
import { OPENMETRICS_TYPE, TEXT_TYPE, wantsOpenMetrics } from "../scrape/negotiation.js";
import { type Route, textResponse } from "./response.js";
import type { WireHost } from "./wire.js";

/** Answers `GET /metrics`. */
export function createScrape({ monitor }: WireHost): Route {
  /** Answered with 200, their bytes; refused with 401 and 405; answered with 500. */
  const stats = { scrapes: 0, bytes: 0, unauthorized: 0, methodRefused: 0, failed: 0 };
  const answer = ({ method, headers }: Request): Response => {
    const isHead = method === "HEAD";
    if (method !== "GET" && !isHead) {
      stats.methodRefused++;
      return textResponse(405, "use GET or HEAD\n", { allow: "GET, HEAD" });
    }
    try {
      const openMetrics = wantsOpenMetrics(headers.get("accept"));
      const body = isHead ? null : monitor.prometheus(openMetrics);
      stats.scrapes++;
      stats.bytes += body?.length ?? 0;
      const type = openMetrics ? OPENMETRICS_TYPE : TEXT_TYPE;
      return new Response(body as Uint8Array<ArrayBuffer> | null, {
        headers: { "content-type": type, vary: "Accept" },
      });
    } catch (error) {
      stats.failed++;
      return textResponse(500, `the metrics could not be written: ${error}\n`);
    }
  };
  return { name: "monitor_scrape", stats, answer };
}
