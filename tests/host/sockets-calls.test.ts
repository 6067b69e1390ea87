/**
 * Each call of preview1 on sockets, made bare by a guest that does as it is told: numbers, errnos,
 * flags, what blocks and what does not.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { skipWithout } from "../guests/guest.js";
import { ANY, Client, Prompt, ports, serve } from "./sockets-client.js";
import { until } from "./until.js";
import { temporaryFolder } from "./wmon.js";

const skip = skipWithout("c-prompt");
const NONBLOCK = 4;
const PEEK = 1;
const WAITALL = 2;
const PIPE_BYTES = 65_536;

interface Scene {
  readonly prompt: Prompt;
  readonly port: number;
}

async function open(t: TestContext, options: readonly string[] = []): Promise<Scene> {
  const wmon = serve(t, "c-prompt", { options });
  const [port = 0] = await ports(wmon);
  return { prompt: new Prompt(wmon), port };
}

/** A connection that the guest has accepted, and its descriptor. */
async function connected(t: TestContext, { prompt, port }: Scene): Promise<[Client, number]> {
  const client = new Client(t, port);
  const fd = await prompt.accept();
  // The guest goes on for the next test.
  t.after(() => prompt.call(`close ${fd}`));
  return [client, fd];
}

/** Runs tests on one guest: what each opens it closes. */
function together(title: string, rows: readonly Row[]): void {
  test(title, { skip }, async (t) => {
    const scene = await open(t);
    for (const [rule, run] of rows) await t.test(`sockets: ${rule}`, (one) => run(one, scene));
  });
}

type Row = readonly [rule: string, run: (t: TestContext, scene: Scene) => Promise<void>];

for (const backend of [[], ["--sandbox"]]) {
  const where = backend.length > 0 ? "in the sandbox, " : "";

  test(`sockets: ${where}listeners follow the directories`, { skip }, async (t) => {
    const folder = temporaryFolder(t);
    const wmon = serve(t, "c-prompt", {
      options: [...backend, "--dir", `${folder}::/one`, "--dir", `${folder}::/two`],
      listeners: [ANY, ANY],
    });
    const [first = 0, second = 0] = await ports(wmon, 2);
    const prompt = new Prompt(wmon);
    const types = [];
    for (const fd of [3, 4, 5, 6, 7]) types.push((await prompt.call(`fdstat ${fd}`)).slice(0, 8));
    assert.deepEqual(types, ["0 type 3", "0 type 3", "0 type 6", "0 type 6", "8"]);
    assert.deepEqual(await prompt.call("prestat 4"), "0 0");
    assert.deepEqual(await prompt.call("prestat 5"), "8");
    new Client(t, first).socket.end("first");
    new Client(t, second).socket.end("second");
    const other = await prompt.accept(6);
    const one = await prompt.accept(5);
    assert.deepEqual([other, one], [7, 8]);
    assert.equal(await prompt.call(`recv ${one} 100 ${WAITALL}`), "0 5 first");
    assert.equal(await prompt.call(`recv ${other} 100 ${WAITALL}`), "0 6 second");
  });

  test(`sockets: ${where}files and sockets share the lowest numbers`, { skip }, async (t) => {
    const folder = temporaryFolder(t);
    const scene = await open(t, [...backend, "--dir", `${folder}::/`]);
    const { prompt, port } = scene;
    assert.equal(await prompt.call("open 3"), "0 5");
    const client = new Client(t, port);
    assert.equal(await prompt.accept(4), 6);
    assert.equal(await prompt.call("open 3"), "0 7");
    assert.equal(await prompt.call("close 5"), "0 0");
    assert.equal(await prompt.call("close 5"), "8");
    assert.equal(await prompt.call("open 3"), "0 5");
    assert.equal(await prompt.call("renumber 6 5"), "0 0");
    assert.equal(await prompt.call("send 6 3"), "8");
    assert.equal(await prompt.call("send 5 3"), "0 3");
    assert.equal(await prompt.call("renumber 5 7"), "0 0");
    assert.equal(await prompt.call("write 7 3"), "0 3");
    assert.equal(await prompt.call("renumber 7 99"), "8");
    await client.received(6);
    assert.equal(await prompt.call("open 3"), "0 5");
    assert.equal(await prompt.call("write 5 4"), "0 4");
    assert.equal(await prompt.call("renumber 5 7"), "0 0");
    await client.ended();
    assert.equal(client.text, "abcabc");
    assert.equal(await prompt.call("seek 7"), "0 0");
    assert.equal(await prompt.call("sync 7"), "0 0");
    assert.equal(await prompt.call("send 7 3"), "57");
    assert.equal(await prompt.call("accept 7 0"), "57");
    if (backend.length === 0) assert.equal(readFileSync(join(folder, "file"), "utf8"), "abcd");
  });
}

test("sockets: standard output may become a connection", { skip }, async (t) => {
  const { prompt, port } = await open(t);
  const client = new Client(t, port);
  const fd = await prompt.accept();
  prompt.tell(`renumber ${fd} 1`);
  await client.received(4);
  assert.equal(client.text, "0 0\n");
});

/** Calls on a listener (L) or a connection (C) that cannot be, and their errnos. */
const REFUSALS: readonly (readonly [call: string, errno: string])[] = [
  ["read L 8", "53"],
  ["recv L 8", "53"],
  ["write L 8", "53"],
  ["send L 8", "53"],
  ["shutdown L 3", "53"],
  ["accept C 0", "28"],
  ["accept L 1", "28"],
  ["shutdown C 0", "28"],
  ["shutdown C 4", "28"],
  ["recv C 8 4", "28"],
  ["send C 8 1", "28"],
  ["seek C", "70"],
  ["tell L", "70"],
  ["sync C", "28"],
  ["prestat L", "8"],
  ["prestat C", "8"],
  ["open L", "54"],
  ["open C", "54"],
  ["accept 99 0", "8"],
  ["recv 99 8", "8"],
  ["close 99", "8"],
];

together("sockets: calls", [
  [
    "statuses are those of a stream socket",
    async (t, scene) => {
      const { prompt } = scene;
      const [, fd] = await connected(t, scene);
      const listens = "rights 3820004a inherits 1820004a";
      assert.equal(await prompt.call("fdstat 3"), `0 type 6 flags 0 ${listens}`);
      assert.equal(
        await prompt.call(`fdstat ${fd}`),
        "0 type 6 flags 0 rights 1820004a inherits 0",
      );
      assert.equal(await prompt.call("filestat 3"), "0 type 6 size 0");
      assert.equal(await prompt.call(`filestat ${fd}`), "0 type 6 size 0");
      assert.equal(await prompt.call(`flags ${fd} ${NONBLOCK}`), "0 0");
      assert.match(await prompt.call(`fdstat ${fd}`), /flags 4 /);
      assert.equal(await prompt.call(`flags ${fd} 1`), "28");
      assert.match(await prompt.call(`fdstat ${fd}`), /flags 4 /);
    },
  ],

  [
    "what cannot be is an errno, and changes nothing",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("hallo");
      for (const [call, errno] of REFUSALS) {
        const line = call.replace("L", "3").replace("C", String(fd));
        assert.equal(await prompt.call(line), errno, line);
      }
      const faults = await prompt.call(`fault ${fd}`);
      assert.equal(faults.trim(), Array(12).fill("21").join(" "));
      assert.equal(await prompt.call(`recv ${fd} 5 ${WAITALL}`), "0 5 hallo");
    },
  ],

  [
    "what may not block says that it would",
    async (t, scene) => {
      const { prompt, port } = scene;
      assert.equal(await prompt.call(`flags 3 ${NONBLOCK}`), "0 0");
      assert.equal(await prompt.call("accept 3 0"), "6");
      const client = new Client(t, port);
      assert.equal(await prompt.call("poll r3"), "0 0r0:1");
      const fd = Number((await prompt.call(`accept 3 ${NONBLOCK}`)).split(" ")[1]);
      assert.match(await prompt.call(`fdstat ${fd}`), /flags 4 /);
      assert.equal(await prompt.call(`recv ${fd} 8`), "6");
      client.socket.write("abc");
      assert.equal(await prompt.call(`poll r${fd}`), `0 0r0:3`);
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 3 abc");
      assert.equal(await prompt.call(`recv ${fd} 8`), "6");
      assert.equal(await prompt.call(`close ${fd}`), "0 0");
      assert.equal(await prompt.call("flags 3 0"), "0 0");
    },
  ],

  [
    "a write that may not block fills what there is room for",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.pause();
      await prompt.call(`flags ${fd} ${NONBLOCK}`);
      let sent = 0;
      let answer = await prompt.call(`send ${fd} 1000000`);
      // Until the system's buffers are full, too: then it stays so.
      for (let refusals = 0; refusals < 3; answer = await prompt.call(`send ${fd} 1000000`)) {
        if (answer === "6") {
          refusals++;
          assert.match(await prompt.call(`poll w${fd} c20`), /^0 (1c0|0w0:\d+)$/);
          continue;
        }
        refusals = 0;
        sent += Number(answer.split(" ")[1]);
      }
      assert.ok(sent >= PIPE_BYTES, `${sent} bytes`);
      client.socket.resume();
      assert.match(await prompt.call(`poll w${fd}`), /^0 0w0:\d+$/);
      if (answer !== "6") sent += Number(answer.split(" ")[1]);
      await client.received(sent);
      assert.equal(await prompt.call(`shutdown ${fd} 2`), "0 0");
      await client.ended();
      assert.equal(client.byteCount, sent);
    },
  ],

  [
    "bytes scatter into many parts and gather from them",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("0123456789abcdef");
      assert.equal(await prompt.call(`recv ${fd} 10 ${WAITALL} 4`), "0 10 0123456789");
      assert.equal(await prompt.call(`read ${fd} 6 0 64`), "0 6 abcdef");
      assert.equal(await prompt.call(`write ${fd} 26 0 26`), "0 26");
      assert.equal(await prompt.call(`send ${fd} 26 0 7`), "0 26");
      await client.received(52);
      assert.equal(client.text, "abcdefghijklmnopqrstuvwxyz".repeat(2));
    },
  ],

  [
    "no bytes wanted are no bytes, and not the end",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      assert.equal(await prompt.call(`recv ${fd} 0`), "0 0 ");
      assert.equal(await prompt.call(`read ${fd} 0 0 8`), "0 0 ");
      assert.equal(await prompt.call(`send ${fd} 0`), "0 0");
      client.socket.write("x");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 1 x");
    },
  ],

  [
    "a peek takes nothing",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("abcdef");
      assert.equal(await prompt.call(`recv ${fd} 6 ${PEEK | WAITALL} 3`), "0 6 abcdef");
      assert.equal(await prompt.call(`recv ${fd} 3 ${PEEK}`), "0 3 abc");
      assert.equal(await prompt.call(`recv ${fd} 6`), "0 6 abcdef");
    },
  ],

  [
    "waiting for all waits, to the end if need be",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("abc");
      assert.equal(await prompt.call(`poll r${fd}`), "0 0r0:3");
      prompt.tell(`recv ${fd} 6 ${WAITALL}`);
      client.socket.write("def");
      assert.equal(await prompt.answer(), "0 6 abcdef");
      prompt.tell(`recv ${fd} 200000 ${WAITALL}`);
      client.socket.end(Buffer.alloc(150_000, "z"));
      assert.equal(await prompt.answer(), "0 150000 ");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 0 ");
    },
  ],

  [
    "each half ends by itself",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.end("last");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 4 last");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 0 ");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 0 ");
      // Ended is readable, but not yet gone.
      assert.equal(await prompt.call(`poll r${fd}`), "0 0r0:0");
      assert.equal(await prompt.call(`send ${fd} 3`), "0 3");
      await client.received(3);
      assert.equal(await prompt.call(`shutdown ${fd} 2`), "0 0");
      await client.ended();
      assert.equal(await prompt.call(`send ${fd} 3`), "64");
      assert.equal(await prompt.call(`poll r${fd} w${fd}`), "0 0r0!:0 1w0!:0");
      assert.equal(client.text, "abc");
    },
  ],

  [
    "what the guest no longer reads ends at what has come",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("abc");
      assert.equal(await prompt.call(`poll r${fd}`), "0 0r0:3");
      assert.equal(await prompt.call(`shutdown ${fd} 1`), "0 0");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 3 abc");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 0 ");
      assert.equal(await prompt.call(`send ${fd} 3`), "0 3");
      await client.received(3);
    },
  ],

  [
    "a reset is told once, after what came before it",
    async (t, scene) => {
      const { prompt } = scene;
      const [client, fd] = await connected(t, scene);
      client.socket.write("abc");
      assert.equal(await prompt.call(`poll r${fd}`), "0 0r0:3");
      client.socket.resetAndDestroy();
      const isGone = async () => (await prompt.call(`poll r${fd}`)) === "0 0r0!:3";
      while (!(await isGone()));
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 3 abc");
      assert.equal(await prompt.call(`recv ${fd} 8`), "15");
      assert.equal(await prompt.call(`recv ${fd} 8`), "0 0 ");
      assert.equal(await prompt.call(`send ${fd} 3`), "64");
      assert.equal(await prompt.call(`shutdown ${fd} 2`), "53");
      assert.equal(await prompt.call(`close ${fd}`), "0 0");
    },
  ],
]);

test("sockets: a poll mixes clocks, sockets, files and standard input", { skip }, async (t) => {
  const folder = temporaryFolder(t);
  const wmon = serve(t, "c-prompt", { options: ["--dir", `${folder}::/`] });
  const [port = 0] = await ports(wmon);
  const prompt = new Prompt(wmon);
  assert.equal(await prompt.call("open 3"), "0 5");
  assert.equal(await prompt.call("poll c10 c3600000 r4"), "0 0c0");
  assert.equal(await prompt.call("poll r4 r5 w5 c0"), "0 1r0:1 2w0:1 3c0");
  assert.equal(await prompt.call("poll r4 w4 r77 c9999"), "0 2r8:0");
  assert.equal(await prompt.call("poll w1 r4"), "0 0w0:1");
  const client = new Client(t, port);
  assert.equal(await prompt.call("poll r4 c3600000"), "0 0r0:1");
  const fd = await prompt.accept(4);
  prompt.tell(`poll r0 r${fd} c3600000`);
  // Another line is input; the guest reads it as its next call.
  prompt.tell(`poll w${fd} c3600000`);
  assert.equal(await prompt.answer(), "0 0r0:1");
  assert.equal(await prompt.answer(), `0 0w0:${PIPE_BYTES}`);
  prompt.tell(`poll r0 r${fd} c3600000`);
  client.socket.write("hallo");
  assert.equal(await prompt.answer(), "0 1r0:5");
});

test("sockets: a listener that the guest closes refuses, its connections stay", {
  skip,
}, async (t) => {
  const { prompt, port } = await open(t);
  const client = new Client(t, port);
  const fd = await prompt.accept();
  const waiting = new Client(t, port);
  assert.equal(await prompt.call("poll r3"), "0 0r0:1");
  assert.equal(await prompt.call("close 3"), "0 0");
  await waiting.closed();
  const late = new Client(t, port);
  await late.closed();
  assert.equal(late.failure, "ECONNREFUSED");
  assert.equal(await prompt.call(`send ${fd} 5`), "0 5");
  await client.received(5);
  assert.equal(await prompt.call("fdstat 3"), "8");
  await until("the connection is still open", () => !client.isClosed && client.text === "abcde");
});
