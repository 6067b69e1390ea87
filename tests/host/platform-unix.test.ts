/**
 * Unix sockets that Node's platform listens on: private, and never in anyone's way.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Address } from "../../host/address.js";
import type { Listener } from "../../host/platform.js";
import { nodePlatform } from "../../host/platforms/node.js";

const folder = mkdtempSync(join(tmpdir(), "platform-"));
after(() => rmSync(folder, { recursive: true }));

function unixAddress(name: string): Address & { kind: "unix" } {
  return { kind: "unix", path: join(folder, name) };
}

async function listenAt(address: Address): Promise<Listener> {
  assert.ok(nodePlatform.listen);
  return nodePlatform.listen(address, () => ({}));
}

test("unix: a socket has mode 0600 whatever the umask, and leaves nothing behind", async () => {
  const address = unixAddress("private");
  const umask = process.umask(0);
  try {
    const listener = await listenAt(address);
    assert.equal(lstatSync(address.path).mode & 0o777, 0o600);
    assert.equal(process.umask(), 0);
    await listener.close();
  } finally {
    process.umask(umask);
  }
  assert.deepEqual(readdirSync(folder), []);
});

test("unix: a stale socket is replaced", async () => {
  const address = unixAddress("stale");
  // The socket outlives its process because that was killed.
  const script = `require("net").createServer().listen(process.argv[1], () => {
    process.kill(process.pid, "SIGKILL"); });`;
  assert.throws(() => execFileSync(process.execPath, ["-e", script, address.path]));
  assert.ok(lstatSync(address.path).isSocket());
  const listener = await listenAt(address);
  await listener.close();
  assert.equal(existsSync(address.path), false);
});

test("unix: a path that is no socket is refused and left alone", async () => {
  const address = unixAddress("file");
  writeFileSync(address.path, "mine");
  await assert.rejects(listenAt(address), /exists and is not a socket/);
  assert.ok(lstatSync(address.path).isFile());
  rmSync(address.path);
});

test("unix: closing leaves a successor's socket alone", async () => {
  const address = unixAddress("succeeded");
  const first = await listenAt(address);
  renameSync(address.path, `${address.path}.old`);
  const second = await listenAt(address);
  await first.close();
  assert.ok(lstatSync(address.path).isSocket());
  await second.close();
  rmSync(`${address.path}.old`);
});

test("unix: a folder too deep is refused, where the system would cut the path", async () => {
  const deep = join(folder, "d".repeat(100 - folder.length));
  mkdirSync(deep);
  await assert.rejects(listenAt({ kind: "unix", path: join(deep, "s") }), {
    code: "ENAMETOOLONG",
  });
  assert.deepEqual(readdirSync(deep), []);
  rmSync(deep, { recursive: true });
});

test("unix: a folder that is not there is named, not our private one", async () => {
  const listening = listenAt(unixAddress("none/c.sock"));
  await assert.rejects(listening, /^Error: ENOENT: the folder \S+none does not exist$/);
});
