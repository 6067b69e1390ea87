/**
 * Many isolates, one place to scrape: each reports to a Durable Object, which answers `/metrics`
 * for all of them and forgets those that are gone. Bindings: COLLECTOR.
 */
import { DurableObject } from "cloudflare:workers";
import { createEdgeMonitor } from "wasm-monitoring/edge";
import { Collector } from "wasm-monitoring/edge/collector";
import module from "wasm-monitoring/monitor.wasm";

export class Metrics extends DurableObject {
  collector = new Collector({ ttlMs: 60_000 });

  fetch(request) {
    return this.collector.fetch(request);
  }
}

let watch;

function open() {
  const monitor = createEdgeMonitor({ module, vmName: "shop" });
  return { monitor, requests: monitor.counter({ name: "requests_total", help: "Requests." }) };
}

export default {
  async fetch(request, env, ctx) {
    watch ??= open();
    const { monitor, requests } = watch;
    const metrics = env.COLLECTOR.get(env.COLLECTOR.idFromName("all"));
    const { pathname } = new URL(request.url);
    if (pathname === "/metrics" && request.method === "GET") return metrics.fetch(request);
    requests.inc();
    const report = { method: "POST", body: monitor.prometheus().slice() };
    ctx.waitUntil(metrics.fetch(`https://metrics/isolates/${monitor.instance}`, report));
    return new Response("hello\n");
  },
};
