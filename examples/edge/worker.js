/**
 * A Cloudflare Worker under watch: it counts, pushes while nobody waits, and answers scrapes and
 * commands at /_monitor. Bindings: PUSH_URL, CONTROL_TOKEN; a cron trigger for quiet times.
 */
import { createEdgeMonitor } from "wasm-monitoring/edge";
import { push } from "wasm-monitoring/edge/push";
import { serve } from "wasm-monitoring/edge/serve";
import module from "wasm-monitoring/monitor.wasm";

/** As long as the isolate lives, so that counts go on from request to request. */
let watch;

/** Made in the first request: before it, there are neither bindings nor random numbers. */
function open(env) {
  const monitor = createEdgeMonitor({
    module,
    vmName: "shop",
    push: push(env.PUSH_URL),
    serve: serve({ token: env.CONTROL_TOKEN, basePath: "/_monitor" }),
  });
  const labels = ["method"];
  const requests = monitor.counter({ name: "requests_total", help: "Requests.", labels });
  const seconds = monitor.histogram({ name: "request_seconds", help: "Time to answer." });
  return { monitor, requests, seconds, log: monitor.log("shop") };
}

export default {
  async fetch(request, env, ctx) {
    watch ??= open(env);
    const { monitor, requests, seconds, log } = watch;
    if (monitor.owns(request)) return monitor.fetch(request);
    const begin = performance.now();
    requests.inc({ method: request.method });
    log.debug(() => `${request.method} ${request.url}`);
    const response = new Response("hello\n");
    seconds.observe((performance.now() - begin) / 1000);
    // After the answer, and at most every ten seconds.
    ctx.waitUntil(monitor.flushIfDue());
    return response;
  },

  /** Cron: sends what waits when no request comes. */
  async scheduled(_event, env, ctx) {
    watch ??= open(env);
    ctx.waitUntil(watch.monitor.flush());
  },
};
