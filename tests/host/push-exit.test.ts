// Each rule is about the process as a whole, so each runs in a child.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { LineReceiver } from "./line-receiver.js";
import { until } from "./until.js";
import { guestFile, QUIET, Wmon } from "./wmon.js";

const PREAMBLE = `
  const { nodePlatform } = await import(${JSON.stringify(moduleUrl("platforms/node.js"))});
  const { createPush } = await import(${JSON.stringify(moduleUrl("push/push.js"))});
  let n = 0;
  const encode = () => new TextEncoder().encode("load n=" + ++n + "i\\n");
  const url = process.argv[1];
  const open = (options) => createPush(
    { platform: nodePlatform, receivers: [{ url }], encode, ...options });
`;

function moduleUrl(path: string): string {
  return new URL(`../../host/${path}`, import.meta.url).href;
}

function run(script: string, url: string) {
  const flags = ["--input-type=module", "-e", PREAMBLE + script, url];
  return spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
}

test("push: with unref, neither its timers nor its connection keep the process", async () => {
  const receiver = await new LineReceiver().start();
  const child = run(
    `open({ unref: true }).start();
     setTimeout(() => console.log("done"), 100);`,
    receiver.url,
  );
  const [exitCode] = await once(child, "exit");
  assert.equal(exitCode, 0);
  await until("the push came", () => receiver.lines.length > 0);
  await receiver.stop();
});

test("push: with unref and its receiver down, retries do not keep the process", async () => {
  const receiver = await new LineReceiver().start();
  await receiver.stop();
  const child = run("open({ unref: true }).start();", receiver.url);
  const [exitCode] = await once(child, "exit");
  assert.equal(exitCode, 0);
});

test("push: close holds an unref process until the last push is out, then lets it go", async () => {
  const receiver = await new LineReceiver().start();
  const child = run(
    `const push = open({ unref: true });
     push.start();
     await push.close();
     console.log("closed");`,
    receiver.url,
  );
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [exitCode] = await once(child, "close");
  assert.deepEqual([exitCode, text], [0, "closed\n"]);
  await until("both pushes came", () => receiver.lines.length === 2);
  await receiver.stop();
});

test("push: SIGTERM in the middle of a push, the handler's close delivers all of it", async () => {
  const receiver = await new LineReceiver().start();
  const child = run(
    `const long = new TextEncoder().encode("load s=\\"" + "x".repeat(400) + "\\"\\n");
     const report = new Uint8Array(long.length * 20000);
     for (let i = 0; i < 20000; i++) report.set(long, i * long.length);
     const push = open({ encode: () => report });
     process.once("SIGTERM", async () => { await push.close(20000); process.exit(143); });
     push.start();
     console.log("pushing");`,
    receiver.url,
  );
  await once(child.stdout, "data");
  child.kill("SIGTERM");
  const [exitCode] = await once(child, "exit");
  assert.equal(exitCode, 143);
  await until("both reports came", () => receiver.lines.length >= 40_000);
  assert.deepEqual([receiver.lines.length, receiver.torn.length], [40_000, 0]);
  await receiver.stop();
});

test("push: a receiver that takes no bytes does not hold close past its deadline", async () => {
  const deaf = createServer((socket) => socket.pause().on("error", () => {}));
  await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
  const address = deaf.address();
  assert.ok(address !== null && typeof address === "object");
  const child = run(
    `const report = new Uint8Array(40 << 20);
     for (let i = 999; i < report.length; i += 1000) report[i] = 10;
     const push = open({ encode: () => report, bufferBytesMax: 2 ** 30 });
     await push.close(200);
     console.log(push.stats[0].droppedLines > 0 && push.stats[0].bufferedLines === 0);`,
    `tcp://127.0.0.1:${address.port}`,
  );
  const [printed] = await once(child.stdout, "data");
  assert.equal(String(printed), "true\n");
  const [exitCode] = await once(child, "exit");
  assert.equal(exitCode, 0);
  deaf.close();
});

test("wmon run --push -: that nobody reads any more is said, the program goes on", async (t) => {
  const exit = `(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 7))))`;
  const wmon = new Wmon(t, ["run", ...QUIET, "--push", "-", guestFile(t, exit)]);
  wmon.child.stdout.destroy();
  assert.equal((await wmon.ended).code, 7);
  assert.match(wmon.stderr, /push stdout: closed with \d+ lines undelivered/);
});
