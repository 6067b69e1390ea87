/**
 * What the contract of a platform promises, kept by Node, over TCP and Unix sockets alike.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, connect as netConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Address, parseAddress } from "../../host/address.js";
import type { Connection, Listener } from "../../host/platform.js";
import { nodePlatform } from "../../host/platforms/node.js";
import { until } from "./until.js";

const { connect, listen, serveHttp, post, gzip } = nodePlatform;
assert.ok(connect && listen && serveHttp && post && gzip);

const folder = mkdtempSync(join(tmpdir(), "platform-"));
after(() => rmSync(folder, { recursive: true }));
const LOOPBACK: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

function unixAddress(name: string): Address & { kind: "unix" } {
  return { kind: "unix", path: join(folder, name) };
}

/** Answers every chunk with itself, and a half-close with a last word. */
function listenEcho(address: Address): Promise<Listener> {
  assert.ok(listen);
  return listen(address, (connection) => ({
    onData: (chunk) => void connection.write(chunk),
    onEnd: () => {
      connection.write(new TextEncoder().encode("bye"));
      connection.end();
    },
  }));
}

for (const kind of ["tcp", "unix"] as const) {
  describe(`node platform over ${kind}`, () => {
    const where = (name: string) => (kind === "unix" ? unixAddress(name) : LOOPBACK);

    test("a connection hears the answer to its half-close, and closes last", async () => {
      const listener = await listenEcho(where("echo"));
      const events: string[] = [];
      const connection = connect(listener.address, {
        onOpen: () => {
          events.push("open");
          connection.write(new TextEncoder().encode("hi "));
          connection.end();
        },
        onData: (chunk) => events.push(String(Buffer.from(chunk))),
        onEnd: () => events.push("end"),
        onClose: (error) => events.push(`close ${error?.message}`),
      });
      await until("it closes", () => events.at(-1)?.startsWith("close") === true);
      assert.equal(
        events.join("|").replace("hi |bye", "hi bye"),
        "open|hi bye|end|close undefined",
      );
      connection.write(new Uint8Array(1));
      connection.end();
      connection.destroy();
      await listener.close();
    });

    test("a listener that closes breaks what is open, and its address is free", async () => {
      const listener = await listenEcho(where("closed"));
      let isClosed = false;
      connect(listener.address, {
        onClose: () => {
          isClosed = true;
        },
      });
      await Promise.all([listener.close(), listener.close()]);
      await until("the client's side closes", () => isClosed);
      const again = await listenEcho(listener.address);
      assert.deepEqual(again.address, listener.address);
      await again.close();
    });

    test("an address in use is EADDRINUSE, and who listens stays reachable", async () => {
      const listener = await listenEcho(where("busy"));
      await assert.rejects(listenEcho(listener.address), { code: "EADDRINUSE" });
      let text = "";
      const connection = connect(listener.address, {
        onOpen: () => void connection.write(new TextEncoder().encode("still")),
        onData: (chunk) => {
          text += String(Buffer.from(chunk));
        },
      });
      await until("it answers", () => text === "still");
      await listener.close();
    });

    test("write says when to wait, and drain comes when the peer reads", async () => {
      let accepted: Connection | undefined;
      let byteCount = 0;
      const listener = await listen(where("slow"), (connection) => {
        accepted = connection;
        connection.pause();
        return {
          onData: (chunk) => {
            byteCount += chunk.length;
          },
        };
      });
      let drainCount = 0;
      const connection = connect(listener.address, { onDrain: () => drainCount++ });
      await until("it is accepted", () => accepted !== undefined);
      const bytes = new Uint8Array(32 * 1024 * 1024);
      assert.equal(connection.write(bytes), false);
      assert.ok(connection.queuedBytes > 0);
      assert.equal(drainCount, 0);
      accepted?.resume();
      await until("everything is read", () => byteCount === bytes.length);
      await until("the drain", () => drainCount === 1);
      assert.equal(connection.queuedBytes, 0);
      await listener.close();
    });

    test("HTTP: method, path, headers in; status, headers, body out; onSent once", async () => {
      let sentCount = 0;
      const listener = await serveHttp(where("http"), (request) => ({
        status: 201,
        headers: { "x-seen": `${request.method} ${request.path} ${request.headers["x-a"]}` },
        body: new TextEncoder().encode("body"),
        onSent: () => sentCount++,
      }));
      const text = await exchange(listener.address, "PUT /a?b HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n");
      assert.match(text, /^HTTP\/1.1 201 /);
      assert.match(text, /x-seen: PUT \/a\?b 1\r\n/);
      assert.match(text, /content-length: 4\r\n[\s\S]*\r\n\r\nbody$/);
      const head = await exchange(listener.address, "HEAD / HTTP/1.1\r\nHost: h\r\n");
      assert.match(head, /content-length: 4\r\n[\s\S]*\r\n\r\n$/);
      await until("both are sent", () => sentCount === 2);
      await listener.close();
    });
  });
}

/** Sends a request head, asks to close, and reads to the end. */
function exchange(address: Address, head: string): Promise<string> {
  const socket = netConnect(address.kind === "unix" ? { path: address.path } : address);
  socket.end(`${head}Connection: close\r\n\r\n`);
  return new Promise((resolve, reject) => {
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.once("error", reject).once("end", () => resolve(text));
  });
}

test("HTTP: a handler that fails answers 500 and the server goes on", async () => {
  let callCount = 0;
  const listener = await serveHttp(LOOPBACK, () => {
    if (callCount++ === 0) throw new Error("secret");
    return { status: 200, headers: {}, body: new Uint8Array(0) };
  });
  const failed = await exchange(listener.address, "GET / HTTP/1.1\r\nHost: h\r\n");
  assert.match(failed, /^HTTP\/1.1 500 /);
  assert.doesNotMatch(failed, /secret/);
  const text = await exchange(listener.address, "GET / HTTP/1.1\r\nHost: h\r\n");
  assert.match(text, /^HTTP\/1.1 200 /);
  await listener.close();
});

test("HTTP: a body is released when the client leaves in the middle", async () => {
  let sentCount = 0;
  const listener = await serveHttp(LOOPBACK, () => ({
    status: 200,
    headers: {},
    body: new Uint8Array(32 * 1024 * 1024),
    onSent: () => sentCount++,
  }));
  assert.ok(listener.address.kind === "tcp");
  const socket = netConnect(listener.address);
  socket.write("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  socket.once("data", () => socket.destroy());
  await until("it is released", () => sentCount === 1);
  await listener.close();
});

test("HTTP: headers over 16 KiB are refused with 431", async () => {
  const listener = await serveHttp(LOOPBACK, () => assert.fail("never handled"));
  const head = `GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(17_000)}\r\n`;
  assert.match(await exchange(listener.address, head), /^HTTP\/1.1 431 /);
  await listener.close();
});

test("post: status, lower-case headers and at most 4 KiB of the answer come back", async () => {
  const listener = await serveHttp(LOOPBACK, ({ headers }) => ({
    status: 418,
    headers: { "X-Length": String(headers["content-length"]) },
    body: new Uint8Array(10_000).fill(97),
  }));
  assert.ok(listener.address.kind === "tcp");
  const url = `http://127.0.0.1:${listener.address.port}/`;
  const request = { url, headers: {}, body: new Uint8Array(3), timeoutMs: 10_000 };
  const response = await post(request);
  assert.equal(response.status, 418);
  assert.equal(response.headers["x-length"], "3");
  assert.equal(response.body, "a".repeat(4_096));
  await listener.close();
  await assert.rejects(post(request), { code: "ECONNREFUSED" });
});

test("post: is given up in time, and by its signal", async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const request = { url, headers: {}, body: new Uint8Array(3), timeoutMs: 20 };
  await assert.rejects(post(request), /no answer within 20 ms/);
  const abort = new AbortController();
  const waiting = post({ ...request, timeoutMs: 60_000, signal: abort.signal });
  abort.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  silent.close();
});

test("gzip: what it makes unzips to the same", async () => {
  const bytes = new TextEncoder().encode("load v=1\n".repeat(100));
  assert.deepEqual(new Uint8Array(gunzipSync(await gzip(bytes))), bytes);
});

test("address: what a listener reports reads back", async () => {
  const listener = await listenEcho(parseAddress("tcp:[::1]:0")).catch((error) => {
    assert.equal(error.code, "EADDRNOTAVAIL", "no IPv6 here");
  });
  if (!listener) return;
  assert.ok(listener.address.kind === "tcp" && listener.address.port > 0);
  await listener.close();
});

test("node platform: importing it loads none of the modules for networks", () => {
  const url = new URL("../../host/platforms/node.js", import.meta.url).href;
  const script = `
    const before = new Set(process.moduleLoadList);
    const { nodePlatform } = await import(${JSON.stringify(url)});
    nodePlatform.nowNs();
    const loaded = process.moduleLoadList.filter((name) => !before.has(name));
    const names = /NativeModule (net|http|https|dgram|zlib|tls)$/;
    console.log(JSON.stringify(loaded.filter((name) => names.test(name))));
  `;
  const options = { encoding: "utf8" } as const;
  const text = execFileSync(process.execPath, ["--input-type=module", "-e", script], options);
  assert.deepEqual(JSON.parse(text), []);
});
