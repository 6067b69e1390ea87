/**
 * The control server over real sockets: framing, token, audit lines, refusals at start.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ControlOptions } from "../../host/control/server.js";
import { openControl } from "../../host/control/server.js";
import { hasBearer, isSecret } from "../../host/control/token.js";
import { nodePlatform } from "../../host/platforms/node.js";
import { ANYWHERE, Client, serve, until } from "./control-client.js";

const TIMEOUT = { timeout: 30_000 };

/** What is sent before half-closing, and all that comes back. */
type Exchange = readonly [rule: string, sent: string, received: string];

const DEFAULT: readonly Exchange[] = [
  ["a chunk is answered without newline", "l", "ok: *:info"],
  ["a line is answered with a newline", "l\n", "ok: *:info\n"],
  ["CRLF counts as a newline", "l\r\n", "ok: *:info\n"],
  ["lines are answered in order", "l\nL*:debug\nx\n", "ok: *:info\nok\nerror: unknown command\n"],
  ["a chunk after lines is the last", "l\nl", "ok: *:info\nok: *:info"],
  ["an empty line is the core's business", "\n", "error: unknown command\n"],
  ["no command, no answer", "", ""],
];

for (const [rule, sent, received] of DEFAULT) {
  test(`control: ${rule}`, TIMEOUT, async (context) => {
    const server = await serve(context);
    const client = await Client.open(context, server.address);
    if (sent !== "") client.send(sent);
    assert.equal(await client.end().rest(), received);
  });
}

const STRICT: readonly Exchange[] = [
  ["a read is a command, answered without newline", "l", "ok: *:info"],
  ["a newline is part of the command", "l\n", "error: unknown command"],
  ["two lines are one command", "l\nl\n", "error: unknown command"],
];

for (const [rule, sent, received] of STRICT) {
  test(`control, strict: ${rule}, and the server closes`, TIMEOUT, async (context) => {
    const server = await serve(context, { strict: true });
    const client = await Client.open(context, server.address);
    assert.equal(await client.send(sent).rest(), received);
    assert.deepEqual(server.executed, [sent]);
  });
}

test("control: a chunk is answered although the client stays open", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  assert.equal(await client.send("l").rest(), "ok: *:info");
});

test("control: after a line the connection stays open for more", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  for (let round = 1; round <= 3; round++) {
    assert.equal((await client.send("l\n").lines(round)).length, round);
  }
  assert.equal(server.stats.open, 1);
  assert.equal(server.stats.commands, 3);
});

test("control: a command may come byte by byte", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  for (const byte of "L*:debug\n") {
    client.send(byte);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(await client.lines(1), ["ok"]);
  assert.deepEqual(server.executed, ["L*:debug"]);
});

test("control: every change is logged with the peer's address", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  const port = (client.socket.address() as { port: number }).port;
  await client.send("l\nL*:debug\nx\n").lines(3);
  assert.deepEqual(server.lines, [`App 127.0.0.1:${port}: changed: "L*:debug"`]);
  assert.equal(server.stats.changed, 1);
  assert.equal(server.stats.failed, 1);
});

test("control: an ignored name is a warning", TIMEOUT, async (context) => {
  const server = await serve(context, { strict: true });
  const client = await Client.open(context, server.address);
  await client.send("Mdsn:on").rest();
  assert.match(server.lines.join("\n"), /^App .*\nWarning .*: unknown name in: "Mdsn:on"$/);
});

test(
  "control: a command cannot forge a log line or reach the terminal",
  TIMEOUT,
  async (context) => {
    const server = await serve(context, { strict: true });
    const client = await Client.open(context, server.address);
    await client.send(`L\r\nforged\x1b[2J\x9b${"z".repeat(400)}`).rest();
    assert.equal(server.lines.length, 1);
    assert.match(server.lines[0] ?? "", /L\\r\\nforged\\x1b\[2J\\x9bz+" and \d+ more bytes$/);
  },
);

test(
  "control: a core that throws is answered, logged, and ends nothing",
  TIMEOUT,
  async (context) => {
    const server = await serve(context);
    const client = await Client.open(context, server.address);
    const replies = await client.send("trap\nl\n").lines(2);
    assert.deepEqual(replies, ["error: the command could not be run", "ok: *:info"]);
    assert.match(server.lines[0] ?? "", /^Error "trap": Error: unreachable$/);
  },
);

test(
  "control: a browser is refused before its body is read as commands",
  TIMEOUT,
  async (context) => {
    const server = await serve(context);
    const client = await Client.open(context, server.address);
    client.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nL*:quiet\r\n");
    assert.equal(await client.rest(), "error: this port does not speak HTTP\n");
    assert.deepEqual(server.executed, []);
    assert.equal(server.stats.http, 1);
  },
);

const TOKENS: readonly Exchange[] = [
  ["the right first line opens", "s3cret\nl\n", "ok: *:info\n"],
  ["the right first line opens for a chunk, too", "s3cret\r\nl", "ok: *:info"],
  ["a wrong first line is refused", "s3cres\nl\n", "error: the first line must be the token\n"],
  ["a longer first line is refused", "s3cret2\nl\n", "error: the first line must be the token\n"],
  ["a shorter first line is refused", "s3cre\nl\n", "error: the first line must be the token\n"],
  ["an empty first line is refused", "\nl\n", "error: the first line must be the token\n"],
  ["a command is no token", "l", "error: the first line must be the token\n"],
  ["a token without newline is refused", "s3cret", "error: the first line must be the token\n"],
];

for (const [rule, sent, received] of TOKENS) {
  test(`control token: ${rule}`, TIMEOUT, async (context) => {
    const server = await serve(context, { token: "s3cret" });
    const client = await Client.open(context, server.address);
    assert.equal(await client.send(sent).end().rest(), received);
    const isRefused = received.startsWith("error:");
    assert.equal(server.stats.unauthorized, isRefused ? 1 : 0);
    assert.equal(server.executed.length, isRefused ? 0 : 1);
    assert.equal(server.lines.length, isRefused ? 1 : 0);
    assert.ok(!server.lines.join().includes("s3cre"), "a token is never logged");
  });
}

test("token: equal bytes match, everything else does not", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assert.ok(isSecret(bytes("abc"), bytes("abc")));
  for (const wrong of ["", "a", "ab", "abd", "abcabc", "abca", "cba"]) {
    assert.ok(!isSecret(bytes(wrong), bytes("abc")), wrong);
  }
  assert.ok(!isSecret(bytes(""), bytes("")), "nothing opens nothing");
  assert.ok(hasBearer("Bearer abc", bytes("abc")));
  assert.ok(hasBearer("bearer  abc ", bytes("abc")));
  for (const wrong of [undefined, "", "abc", "Basic abc", "Bearer abd", "Bearerabc", "Bearer"]) {
    assert.ok(!hasBearer(wrong, bytes("abc")), wrong);
  }
});

const REFUSALS: readonly (readonly [string, Partial<ControlOptions>, string])[] = [
  ["all interfaces", { address: { kind: "tcp", host: "0.0.0.0", port: 0 } }, "REMOTE_REFUSED"],
  ["a name", { address: { kind: "tcp", host: "a.example", port: 0 } }, "REMOTE_REFUSED"],
  ["strict with a token", { strict: true, token: "t" }, "OPTION_INVALID"],
  ["an empty token", { token: "" }, "OPTION_INVALID"],
  ["a token of two lines", { token: "a\nb" }, "OPTION_INVALID"],
  ["a runtime that cannot listen", { platform: {} }, "OPTION_INVALID"],
  ["a folder that is not there", { address: { kind: "unix", path: "/absent/s" } }, "LISTEN_FAILED"],
];

for (const [what, options, code] of REFUSALS) {
  test(`control: refuses ${what} at start`, TIMEOUT, async () => {
    const execute = () => assert.fail();
    const opening = openControl({ platform: nodePlatform, address: ANYWHERE, execute, ...options });
    await assert.rejects(opening, { name: "MonitorError", code });
  });
}

test("control: an address in use is refused with its code", TIMEOUT, async (context) => {
  const server = await serve(context);
  await assert.rejects(serve(context, { address: server.address }), { code: "ADDRESS_IN_USE" });
});

test("control: another interface is served where that is allowed", TIMEOUT, async (context) => {
  const address = { kind: "tcp", host: "0.0.0.0", port: 0 } as const;
  const server = await serve(context, { address, allowRemote: true });
  assert.ok(server.address.kind === "tcp" && server.address.port > 0);
});

test(
  "control: a unix socket is for its owner alone, and goes at close",
  TIMEOUT,
  async (context) => {
    const folder = await mkdtemp(join(tmpdir(), "control-"));
    context.after(() => rm(folder, { recursive: true }));
    const path = join(folder, "s");
    const server = await serve(context, { address: { kind: "unix", path } });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const client = await Client.open(context, server.address);
    assert.equal(await client.send("L*:info").rest(), "ok");
    assert.deepEqual(server.lines, ['App unix: changed: "L*:info"']);
    await server.close();
    await assert.rejects(stat(path), { code: "ENOENT" });
  },
);

test("control: close ends what is open and frees the port", TIMEOUT, async (context) => {
  const server = await serve(context);
  const client = await Client.open(context, server.address);
  await client.send("l\n").lines(1);
  await server.close();
  await client.closed;
  await until(() => server.stats.open === 0);
  await serve(context, { address: server.address });
});
