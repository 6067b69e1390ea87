/**
 * The library in a Node program: a small web server that counts, times and logs its requests.
 * Run: node examples/embed/main.js [PORT]; then curl the server, and its /metrics on port 9090.
 */
import { createServer } from "node:http";
import { createMonitor } from "wasm-monitoring";

const monitor = await createMonitor({
  vmName: "embed",
  control: "tcp:127.0.0.1:2323",
  prometheus: "tcp:127.0.0.1:9090",
});
const requests = monitor.counter({
  name: "http_requests_total",
  help: "Requests served.",
  labels: ["method"],
});
const seconds = monitor.histogram({ name: "http_request_seconds", help: "Time to answer." });
const log = monitor.log("http");

const server = createServer((request, response) => {
  const begin = performance.now();
  requests.inc({ method: request.method });
  log.debug(`${request.method} ${request.url}`);
  response.end("hello\n");
  seconds.observe((performance.now() - begin) / 1000);
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  log.app(`http://127.0.0.1:${server.address().port}/ is watched on ports 2323 and 9090`);
});

process.once("SIGINT", async () => {
  server.close();
  server.closeAllConnections();
  await monitor.close();
});
