/**
 * Images as files: bytes where they belong, errors that say why, and one writer at a time, however
 * the last one ended.
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import fs, {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createImage, lockImage, openImage } from "../../host/platforms/node-image.js";
import { HOLDER } from "./image-holder.js";

const IN_USE = { code: "OPTION_INVALID", message: /is in use by/ };

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "image-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function makeImage(t: TestContext): string {
  const path = join(makeFolder(t), "disk");
  createImage(path).close();
  return path;
}

/** Starts a process that opens the image for writing; what it says. */
function hold(t: TestContext, path: string): Promise<[ChildProcess, string]> {
  return ask(t, process.execPath, [HOLDER, path]);
}

async function ask(
  t: TestContext,
  command: string,
  args: readonly string[],
): Promise<[ChildProcess, string]> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [said] = await Promise.race([once(child.stdout, "data"), once(child, "close")]);
  return [child, String(said).trim()];
}

test("image: bytes where they belong, zeros in gaps and past the end", (t) => {
  const path = makeImage(t);
  const file = openImage(path, { isReadonly: false });
  file.write(1000, new Uint8Array([1, 2, 3]));
  assert.equal(file.byteCount, 1003);
  const target = new Uint8Array(8).fill(9);
  file.read(998, target);
  assert.deepEqual([...target], [0, 0, 1, 2, 3, 0, 0, 0]);
  file.truncate(1001);
  file.sync();
  file.read(1000, target);
  assert.deepEqual([...target.subarray(0, 2)], [1, 0]);
  file.close();
  file.close();
  assert.equal(readFileSync(path).length, 1001);
  assert.throws(() => file.read(0, target), { name: "BlockError", fault: "io" });
  assert.throws(() => file.write(0, target), { name: "BlockError", fault: "io" });
});

test("image: what cannot be opened says why, and leaves nothing behind", (t) => {
  const path = makeImage(t);
  const folder = join(path, "..");
  mkdirSync(join(folder, "folder"));
  const refusals: readonly (readonly [act: () => unknown, message: RegExp])[] = [
    [() => openImage(join(folder, "none"), { isReadonly: true }), /no such file/],
    [() => openImage(join(folder, "folder"), { isReadonly: false }), /no regular file/],
    [() => createImage(path), /there is one already/],
    [() => openImage("/dev/null", { isReadonly: true }), /no regular file/],
  ];
  for (const [act, message] of refusals) {
    assert.throws(act, { code: "OPTION_INVALID", message });
  }
  assert.deepEqual(readdirSync(folder).sort(), ["disk", "folder"]);
});

test("image: after a sync that failed none succeeds, for data may have been dropped", (t) => {
  const file = openImage(makeImage(t), { isReadonly: false });
  // No storage here fails: the system's answer is all that is made up.
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const failing = t.mock.method(fs, "fdatasyncSync", () => {
    throw full;
  });
  const refusal = { name: "BlockError", fault: "io", cause: full };
  assert.throws(() => file.sync(), refusal);
  failing.mock.restore();
  assert.throws(() => file.sync(), refusal);
  file.close();
});

test("image: a new one that cannot be locked is not there", (t) => {
  const folder = makeFolder(t);
  writeFileSync(join(folder, "disk.lock"), "");
  assert.throws(() => createImage(join(folder, "disk")), IN_USE);
  assert.deepEqual(readdirSync(folder), ["disk.lock"]);
});

test("image: relative names are relative to the file that has them", (t) => {
  const path = makeImage(t);
  const file = openImage("disk", { isReadonly: true, from: join(path, "..", "upper") });
  assert.equal(file.name, path);
  file.close();
});

test("lock: one writer, by any name; readers are told", (t) => {
  const path = makeImage(t);
  symlinkSync("disk", `${path}-link`);
  const writer = openImage(`${path}-link`, { isReadonly: false });
  for (const name of [path, `${path}-link`]) {
    assert.throws(() => openImage(name, { isReadonly: false }), IN_USE);
    assert.throws(() => openImage(name, { isReadonly: true }), { message: /that is this one/ });
    openImage(name, { isReadonly: false, isLocked: false }).close();
  }
  writer.close();
  assert.equal(existsSync(`${path}.lock`), false);
  const readers = [0, 1].map(() => openImage(path, { isReadonly: true }));
  for (const reader of readers) reader.close();
  const release = lockImage(path, { isReadonly: false });
  assert.throws(() => openImage(path, { isReadonly: false }), IN_USE);
  release();
  openImage(path, { isReadonly: false }).close();
});

test("lock: another process is refused while we write, and we while it does", async (t) => {
  const path = makeImage(t);
  const ours = openImage(path, { isReadonly: false });
  const [, refusal] = await hold(t, path);
  assert.match(refusal, new RegExp(`is in use by process ${process.pid};`));
  ours.close();
  const [child, said] = await hold(t, path);
  assert.equal(said, "open");
  assert.throws(() => openImage(path, { isReadonly: false }), {
    message: new RegExp(`is in use by process ${child.pid};`),
  });
});

test("lock: a killed writer's is taken over, by one of those who try", async (t) => {
  const path = makeImage(t);
  const [first, said] = await hold(t, path);
  assert.equal(said, "open");
  first.kill("SIGKILL");
  await once(first, "close");
  assert.ok(existsSync(`${path}.lock`));
  const answers = await Promise.all([1, 2, 3, 4].map(() => hold(t, path)));
  const opened = answers.filter(([, answer]) => answer === "open");
  assert.equal(opened.length, 1, answers.map(([, answer]) => answer).join("\n"));
});

/** Lock files that somebody left: machine, boot, process space, process, its start. */
const LEFT: readonly (readonly [rule: string, lines: readonly string[], isTaken: boolean])[] = [
  ["of another machine: kept", ["elsewhere", "boot", "space", "1", "1"], false],
  ["of an earlier start of this machine: taken over", ["", "boot", "space", "1", "1"], true],
  ["that is none: kept", ["what"], false],
  ["that is empty: kept", [""], false],
];

for (const [rule, [host = "", ...rest], isTaken] of LEFT) {
  test(`lock: one ${rule}`, (t) => {
    const path = makeImage(t);
    const isOurs = host === "" && rest.length > 0;
    writeFileSync(`${path}.lock`, [isOurs ? hostname() : host, ...rest, ""].join("\n"));
    const open = () => openImage(path, { isReadonly: false }).close();
    if (isTaken) return open();
    assert.throws(open, { message: /is in use by .*; if that is long gone, remove .*\.lock/ });
  });
}

/** What may lie where a lock does, and is none. */
const OBSTACLES: readonly (readonly [what: string, make: (lock: string) => void])[] = [
  ["a folder", (lock) => mkdirSync(lock)],
  ["a pipe", (lock) => execFileSync("mkfifo", [lock])],
  ["an endless device", (lock) => symlinkSync("/dev/zero", lock)],
  ["a link to nowhere", (lock) => symlinkSync("nowhere", lock)],
  ["a long file", (lock) => writeFileSync(lock, "x".repeat(5000))],
];

for (const [what, make] of OBSTACLES) {
  test(`lock: ${what} in its place keeps everybody out`, { timeout: 20_000 }, async (t) => {
    const path = makeImage(t);
    make(`${path}.lock`);
    const [, said] = await hold(t, path);
    assert.match(said, /is in use by somebody; if that is long gone, remove .*\.lock/);
    assert.throws(() => openImage(path, { isReadonly: true }), IN_USE);
  });
}

test("lock: whoever comes by a link is told the file to remove", (t) => {
  const path = makeImage(t);
  symlinkSync("disk", `${path}-link`);
  writeFileSync(`${path}.lock`, "");
  const message = new RegExp(`disk-link is in use .* remove ${realpathSync(path)}\\.lock$`);
  assert.throws(() => openImage(`${path}-link`, { isReadonly: false }), { message });
});

test("lock: where there is no space for one, nothing is left behind", async (t) => {
  const path = makeImage(t);
  const limited = 'ulimit -f 0; exec "$0" "$@"';
  const [, said] = await ask(t, "sh", ["-c", limited, process.execPath, HOLDER, path]);
  assert.match(said, /cannot be locked/);
  assert.deepEqual(readdirSync(join(path, "..")), ["disk"]);
});

test("lock: a process number that was given again does not keep it", (t) => {
  const path = makeImage(t);
  const release = lockImage(path, { isReadonly: false });
  const lines = readFileSync(`${path}.lock`, "utf8").split("\n");
  release();
  // Ours, but started at another time: whoever wrote it is gone.
  lines[4] = "1";
  writeFileSync(`${path}.lock`, lines.join("\n"));
  openImage(path, { isReadonly: false }).close();
});

test("lock: a lock that was taken over is not removed by its old owner", (t) => {
  const path = makeImage(t);
  const release = lockImage(path, { isReadonly: false });
  linkSync(`${path}.lock`, `${path}.keep`);
  rmSync(`${path}.lock`);
  writeFileSync(`${path}.lock`, "elsewhere\nboot\nspace\n1\n1\n");
  release();
  assert.ok(existsSync(`${path}.lock`));
});
