/**
 * Pushes of the edge monitor over connections of one flush each, against sockets that do as they
 * should, and others.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { type TestContext, test } from "node:test";
import { createEdgeMonitor } from "../../host/edge/index.js";
import { push } from "../../host/edge/push.js";
import { type Connect, type EdgeSocket, tcp } from "../../host/edge/tcp.js";
import { eventually } from "./until.js";

const CORE = new URL("../../monitor.wasm", import.meta.url);
const module = new WebAssembly.Module(readFileSync(CORE));

/** As `cloudflare:sockets` connects, by Node. */
const connect: Connect = ({ hostname, port }) => {
  const socket = connectSocket({ host: hostname, port, allowHalfOpen: true });
  // Node's own types of the web's streams are others than the web's.
  const streams = Duplex.toWeb(socket) as unknown as Pick<EdgeSocket, "readable" | "writable">;
  return {
    readable: streams.readable,
    writable: streams.writable,
    opened: once(socket, "connect"),
    closed: once(socket, "close"),
    close: async () => void socket.destroy(),
  };
};

/** A server whose every connection `serve` handles; its port. */
async function serverFor(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function monitorFor(port: number, timestamps: "ns" | "none" = "ns") {
  const wire = push(tcp(`tcp://127.0.0.1:${port}`, connect));
  const monitor = createEdgeMonitor({ module, push: wire, instance: "1", timestamps });
  const count = (name: string) => {
    const text = new TextDecoder().decode(monitor.prometheus());
    return Number(new RegExp(`^monitor_push_${name}\\{[^}]*\\} (\\d+)$`, "m").exec(text)?.[1]);
  };
  return { monitor, count };
}

test("edge TCP: a receiver that closes after us has everything", async (t) => {
  let received = "";
  const port = await serverFor(t, (socket) => {
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      received += chunk;
    });
    socket.on("end", () => socket.end());
  });
  const { monitor, count } = monitorFor(port);
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(3);
  assert.equal(await monitor.flush(), true);
  assert.match(received, /^jobs_total,vm=edge-1 counter=3 \d{19}$/m);
  assert.equal(count("unconfirmed_lines_total"), 0);
  assert.equal(count("sent_lines_total"), received.split("\n").length - 1);
  assert.equal(count("connected"), 1);
});

test("edge TCP: lines that a receiver may not have read count as unconfirmed", async (t) => {
  const port = await serverFor(t, (socket) => socket.resume());
  const { monitor, count } = monitorFor(port);
  assert.equal(await monitor.flush(), true);
  assert.ok(count("unconfirmed_lines_total") > 0);
});

test("edge TCP: after a break the same lines come again, with their time", async (t) => {
  const received = ["", ""];
  let connections = 0;
  const port = await serverFor(t, (socket) => {
    const index = connections++;
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      received[index] += chunk;
      if (index === 0) socket.resetAndDestroy();
    });
    socket.on("end", () => socket.end());
  });
  const { monitor, count } = monitorFor(port);
  monitor.counter({ name: "jobs_total", help: "Jobs." }).inc(3);
  assert.equal(await monitor.flush(), false);
  // Its back-off is half a second at most.
  await eventually("it is sent", () => monitor.flush());
  const line = /^jobs_total,.*$/m;
  assert.equal(line.exec(received[1] ?? "")?.[0], line.exec(received[0] ?? "")?.[0]);
  assert.ok(count("resent_lines_total") > 0);
  assert.ok(count("failures_total") >= 1);
});

test("edge TCP: without timestamps no line comes twice", async (t) => {
  let connections = 0;
  const port = await serverFor(t, (socket) => {
    if (connections++ === 0) socket.once("data", () => socket.resetAndDestroy());
    socket.resume().on("end", () => socket.end());
  });
  const { monitor, count } = monitorFor(port, "none");
  assert.equal(await monitor.flush(), true, "nothing waits to be sent again");
  assert.equal(count("resent_lines_total"), 0);
});

test("edge TCP: where nobody listens the lines wait", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  t.diagnostic(`port ${port}`);
  const { monitor, count } = monitorFor(port);
  assert.equal(await monitor.flush(), false);
  assert.equal(count("failures_total"), 1);
  assert.ok(count("buffered_lines") > 0);
});
