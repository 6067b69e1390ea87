/**
 * Memory traces of careless users and of guests that mean harm: nothing of theirs is lost or read
 * for ever, and what is wrong is said.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { findDebugFiles } from "../../host/wasi/debug-files.js";
import { BUSY, command } from "./memtrace-text.js";
import { assemble, guestFile, QUIET, runWmon, temporaryFolder, Wmon } from "./wmon.js";

const NOTHING_HOOKED = '(module (func (export "_start")))';
const TRAPPING = command("(drop (call $malloc (i32.const 8))) (unreachable)");

/** A module that says where its debug information is. */
function pointing(section: string, url: string): Uint8Array {
  const sized = (text: string) => [Buffer.byteLength(text), ...Buffer.from(text)];
  const content = [...sized(section), ...sized(url)];
  return Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, content.length, ...content]);
}

/** Where a guest may say that its source map is; none is an ordinary file. */
const PLACES = [
  ["a device without end", "/dev/zero"],
  ["a folder", "folder"],
  ["no file", "missing.map"],
  ["a broken escape", "%zz.map"],
  ["another machine", "file://elsewhere/t.map"],
  ["a name with a NUL", "a\0b.map"],
  ["a server", "https://127.0.0.1/t.map"],
] as const;

for (const [what, url] of PLACES) {
  test(`debug files: ${what} is left out`, async (t) => {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "folder"));
    const file = join(folder, "guest.wasm");
    assert.deepEqual(await findDebugFiles(file, pointing("sourceMappingURL", url)), {});
    assert.deepEqual(await findDebugFiles(file, pointing("external_debug_info", url)), {});
  });
}

test("debug files: a pipe that nobody writes to is left out, a file is read", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "guest.wasm");
  const guest = pointing("sourceMappingURL", "t.map");
  if (spawnSync("mkfifo", [join(folder, "t.map")]).status === 0) {
    assert.deepEqual(await findDebugFiles(file, guest), {});
    renameSync(join(folder, "t.map"), join(folder, "pipe"));
  }
  writeFileSync(join(folder, "t.map"), "{}");
  assert.deepEqual(await findDebugFiles(file, guest), { sourceMap: "{}" });
});

test("file: the guest itself is not written over", async (t) => {
  const guest = guestFile(t, NOTHING_HOOKED);
  const before = readFileSync(guest);
  const { code, stderr } = await runWmon(t, ["run", ...QUIET, "--memtrace-file", guest, guest]);
  assert.equal(code, 2);
  assert.match(stderr, /--memtrace-file .*guest\.wasm: is the guest itself/);
  assert.deepEqual(readFileSync(guest), before);
});

test("file: a pipe that nobody reads is refused, not waited for", async (t) => {
  const pipe = join(temporaryFolder(t), "pipe");
  if (spawnSync("mkfifo", [pipe]).status !== 0) return t.skip("mkfifo is missing");
  const guest = guestFile(t, NOTHING_HOOKED);
  const { code, stderr } = await runWmon(t, ["run", ...QUIET, "--memtrace-file", pipe, guest]);
  assert.equal(code, 2);
  assert.match(stderr, /is a pipe that nobody reads/);
});

test("file: what is wrong with the hooks is said once", async (t) => {
  const file = join(temporaryFolder(t), "t.ctf");
  const guest = guestFile(t, NOTHING_HOOKED);
  const { stderr } = await runWmon(t, ["run", ...QUIET, "--memtrace-file", file, guest]);
  assert.equal(stderr.match(/warning: memory traces: No allocator was found/g)?.length, 1);
});

test("run: a trap is where it is in the guest's file, hooked or not", async (t) => {
  const guest = guestFile(t, TRAPPING);
  const file = join(temporaryFolder(t), "t.ctf");
  const framesOf = (text: string) => text.match(/wasm-function\[\d+\]:0x[0-9a-f]+/g) ?? [];
  const plain = await runWmon(t, ["run", ...QUIET, guest]);
  const expected = framesOf(plain.stderr);
  assert.equal(expected.length, 2);
  const [innermost = ""] = expected;
  // The opcode of `unreachable`.
  assert.equal(assemble(TRAPPING)[Number(innermost.split(":")[1])], 0);
  for (const stacks of ["engine", "shadow"]) {
    const options = ["--memtrace-file", file, "--stacks", stacks];
    const hooked = await runWmon(t, ["run", ...QUIET, ...options, guest]);
    assert.deepEqual(framesOf(hooked.stderr), expected);
  }
});

test("trace: a trace of before stays when none comes", async (t) => {
  const file = join(temporaryFolder(t), "t.ctf");
  writeFileSync(file, "of before");
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const from = `tcp:127.0.0.1:${(server.address() as { port: number }).port}`;
  const { code } = await runWmon(t, ["trace", "--from", from, "-o", file]);
  assert.equal(code, 1);
  assert.equal(readFileSync(file, "utf8"), "of before");
});

test("trace: a file that takes nothing is named, not the program", async (t) => {
  if (!existsSync("/dev/full")) return t.skip("there is no /dev/full");
  const guest = guestFile(t, BUSY);
  const options = [...QUIET, "--memtrace", "tcp:127.0.0.1:0", "--max-samples", "0"];
  const wmon = new Wmon(t, ["run", ...options, guest]);
  const from = `tcp:127.0.0.1:${await wmon.memtrace()}`;
  const { code, stderr } = await runWmon(t, ["trace", "--from", from, "-o", "/dev/full"]);
  assert.equal(code, 1);
  assert.match(stderr, /^wmon: -o \/dev\/full: ENOSPC/m);
});

test("run: a trap in a function with a hostile name does not speak to the terminal", async (t) => {
  const bytes = Buffer.from(assemble(TRAPPING));
  // Names need no length of their own then.
  const at = bytes.lastIndexOf("main");
  bytes.write("\x1b[3m", at);
  const file = join(temporaryFolder(t), "guest.wasm");
  writeFileSync(file, bytes);
  const { code, stderr } = await runWmon(t, ["run", ...QUIET, file]);
  assert.equal(code, 134);
  assert.ok(!stderr.includes("\u001b"));
  assert.match(stderr, /at \\x1b\[3m \(wasm/);
});
