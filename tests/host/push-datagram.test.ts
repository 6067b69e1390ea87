/**
 * The push over UDP and to standard output, against real sockets and pipes.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { nodePlatform } from "../../host/platforms/node.js";
import { createPush, type Push } from "../../host/push/push.js";
import { ReportSource } from "./report-source.js";
import { until } from "./until.js";

async function openReceiver(port = 0): Promise<{ socket: Socket; datagrams: string[] }> {
  const socket = createSocket("udp4");
  const datagrams: string[] = [];
  socket.on("message", (message) => datagrams.push(String(message)));
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return { socket, datagrams };
}

function pushTo(socket: Socket, encode: () => Uint8Array, log: string[] = []): Push {
  return createPush({
    platform: nodePlatform,
    receivers: [{ url: `udp://127.0.0.1:${socket.address().port}` }],
    encode,
    intervalMs: 20,
    log: (_, text) => log.push(text),
  });
}

test("udp: datagrams hold whole lines, at most 1,400 bytes, as many as fit", async () => {
  const { socket, datagrams } = await openReceiver();
  const source = new ReportSource(200, 60);
  const push = pushTo(socket, source.encode);
  await push.push();
  await until("all lines came", () => datagrams.join("").length >= source.lines.join("\n").length);
  assert.equal(datagrams.join(""), `${source.lines.join("\n")}\n`);
  for (const datagram of datagrams) {
    assert.ok(datagram.length <= 1_400);
    assert.ok(datagram.endsWith("\n"));
  }
  const lineBytes = (source.lines[0]?.length ?? 0) + 4;
  for (const datagram of datagrams.slice(0, -1)) assert.ok(datagram.length + lineBytes > 1_400);
  await push.close();
  socket.close();
});

test("udp: a line too long for a datagram is dropped, counted, and said once", async () => {
  const { socket, datagrams } = await openReceiver();
  const fits = `a s="${"x".repeat(1_393)}"\n`;
  const long = `a s="${"x".repeat(1_394)}"\n`;
  const log: string[] = [];
  const text = `short v=1\n${long}${fits}${long}last v=1\n`;
  const push = pushTo(socket, () => new TextEncoder().encode(text), log);
  await push.push();
  await until("the rest came", () => datagrams.length >= 3);
  assert.deepEqual(datagrams, ["short v=1\n", fits, "last v=1\n"]);
  const [stats] = push.stats;
  assert.deepEqual([stats?.sentLines, stats?.oversizedLines, stats?.bufferedLines], [3, 2, 0]);
  assert.equal(log.filter((line) => line.includes("1401 bytes")).length, 1);
  await push.close();
  socket.close();
});

test("udp: says it is best effort; an absent receiver is counted and comes back", async () => {
  const { socket } = await openReceiver();
  const { port } = socket.address();
  const log: string[] = [];
  const push = pushTo(socket, new ReportSource(2).encode, log);
  socket.close();
  await once(socket, "close");
  push.start();
  assert.match(log[0] ?? "", /best effort: UDP/);
  await until("refusals were noticed", () => (push.stats[0]?.failures ?? 0) >= 3);
  assert.equal(log.length, 2, "one line for the change of state");
  const again = await openReceiver(port);
  await until("lines come", () => again.datagrams.length > 1);
  await push.close();
  again.socket.close();
});

test("stdout: gets the lines as they are, and a reader that goes away ends nothing", async () => {
  const script = `
    const { nodePlatform } = await import(${JSON.stringify(moduleUrl("platforms/node.js"))});
    const { createPush } = await import(${JSON.stringify(moduleUrl("push/push.js"))});
    let n = 0;
    const encode = () => new TextEncoder().encode("load n=" + ++n + "i\\n");
    const push = createPush({ platform: nodePlatform, receivers: [{ url: "-" }], encode,
      intervalMs: 5, backoffMinMs: 1, backoffMaxMs: 5 });
    push.start();
    process.on("message", async () => {
      await push.close(50);
      process.send(push.stats[0], () => process.disconnect());
    });
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await until("lines come", () => text.split("\n").length > 3);
  assert.match(text, /^load n=1i\nload n=2i\nload n=3i\n/);
  child.stdout?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  child.send("close");
  const [stats] = await once(child, "message");
  const [exitCode] = await once(child, "exit");
  assert.equal(exitCode, 0);
  assert.ok(stats.failures > 0 && stats.sentLines >= 3 && stats.droppedLines > 0);
});

function moduleUrl(path: string): string {
  return new URL(`../../host/${path}`, import.meta.url).href;
}
