/**
 * `wmon qcow`: what is printed, what is refused, and the exit codes. `tests/peers/qcow-*.test.ts`
 * hold it beside qemu's tools.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { escapeControl } from "../../host/logs/escape.js";
import { createImage, lockImage, openImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { openQcow } from "../../host/qcow/open.js";
import { checkImage } from "../../host/qcow/reader/check.js";
import {
  CLUSTER,
  COPIED,
  DATA,
  makeImage,
  REFCOUNT_BLOCK,
  setEntry,
  setRefcount,
  type TestImage,
} from "./qcow-image.js";
import { until } from "./until.js";
import { runWmon, temporaryFolder, Wmon } from "./wmon.js";

const MAIN = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));
const COMMANDS = ["create", "info", "check", "compact", "map"];
/** A clear-screen sequence and a new line, as a name. */
const HOSTILE = "evil\u001b[2J\n.qcow2";
const ESCAPED = "evil\\x1b[2J\\n.qcow2";

/** Writes an image that is gone after the test; its path. */
function imageFile(t: TestContext, damage: (image: TestImage) => void = () => {}): string {
  const path = join(temporaryFolder(t), "disk.qcow2");
  const image = makeImage();
  damage(image);
  writeFileSync(path, image.bytes);
  return path;
}

test("wmon qcow create: says what it made, which info, check and map describe", async (t) => {
  const path = join(temporaryFolder(t), "new.qcow2");
  const made = await runWmon(t, ["qcow", "create", path, "1.5G", "--cluster-size", "4k"]);
  assert.deepEqual(
    [made.stdout, made.stderr, made.code],
    [`${path}: 1.5 GiB (1610612736 bytes), clusters of 4 KiB, version 3\n`, "", 0],
  );
  const info = await runWmon(t, ["qcow", "info", path]);
  const { size } = statSync(path);
  const [image, format, disk, file, ...rest] = info.stdout.split("\n");
  assert.deepEqual(
    [image, format, disk, rest],
    [
      `image           ${path}`,
      "format          qcow2, version 3",
      "disk            1.5 GiB (1610612736 bytes)",
      [
        "clusters        4 KiB, refcounts of 16 bits",
        "lazy refcounts  no",
        "state           clean",
        "",
      ],
    ],
  );
  assert.match(
    file ?? "",
    new RegExp(`^file {12}\\S+ KiB \\(${size} bytes\\), \\S+ KiB of it on disk$`),
  );
  const check = await runWmon(t, ["qcow", "check", path]);
  const allocated = "0 of 393216 clusters of 4 KiB allocated (0.00 %); 0.00 % fragmented";
  const used = `in use up to ${info.stdout.match(/file {12}(\S+ KiB)/)?.[1]} (byte ${size})`;
  assert.equal(check.stdout, `${path}: clean\n${allocated}, 0 zero, 0 compressed; ${used}\n`);
  const map = await runWmon(t, ["qcow", "map", path]);
  const [, line, ...end] = map.stdout.split("\n");
  assert.deepEqual(line?.split(/ {2,}/), ["0x0", "1536 MiB", "none", "0", "-", "-"]);
  assert.deepEqual(end, [""]);
});

test("wmon qcow map: data, zeros and holes, where they lie", async (t) => {
  const path = imageFile(t);
  const { stdout, stderr, code } = await runWmon(t, ["qcow", "map", path]);
  assert.deepEqual([stderr, code], ["", 0]);
  assert.deepEqual(stdout.split("\n"), [
    "start     length        kind        depth  offset  file",
    `0x0       12 KiB        data        0      0x5000  ${path}`,
    `0x3000    4 KiB         zero        0      -       ${path}`,
    "0x4000    1008 KiB      none        0      -       -",
    "",
  ]);
});

/** What is done to an image, the exit code of check, and what it prints. */
const CHECKED: readonly (readonly [string, (image: TestImage) => void, number, RegExp])[] = [
  ["a sound image", () => {}, 0, /^\S+: clean\n3 of 256 clusters of 4 KiB allocated \(1\.17 %\)/],
  [
    "leaks",
    (image) => setRefcount(image, 100, 1),
    3,
    /: 1 leaked cluster \(4 KiB\); nothing is wrong with the data\nleak \(1\):\n {2}cluster at 0x/,
  ],
  [
    "corruption and a leak",
    (image) => setEntry(image, 1, COPIED | BigInt(DATA)),
    2,
    /: corrupt: 1 corruption, 1 leaked cluster \(4 KiB\)\nrefcount-too-low \(1\):\n.*\nleak \(1\):/,
  ],
  [
    "an image that was left dirty",
    (image) => image.view.setBigUint64(72, 1n),
    0,
    /: clean\nnote: dirty: its writer did not close it; the next one rebuilds the refcounts\n/,
  ],
];

for (const [what, damage, code, text] of CHECKED) {
  test(`wmon qcow check: exit code ${code} for ${what}`, async (t) => {
    const path = imageFile(t, damage);
    const shown = await runWmon(t, ["qcow", "check", path]);
    assert.equal(shown.code, code);
    assert.match(shown.stdout, text);
    assert.equal(shown.stderr, "");
    const quiet = await runWmon(t, ["qcow", "check", "-q", path]);
    assert.deepEqual([quiet.code, quiet.stdout, quiet.stderr], [code, "", ""]);
  });
}

test("wmon qcow check: all findings are counted, the first of each kind shown", async (t) => {
  const path = imageFile(t, (image) => {
    for (let index = 20; index < 500; index++) setEntry(image, index, COPIED);
    for (let cluster = 100; cluster < 2000; cluster += 2) setRefcount(image, cluster, 1);
  });
  const few = await runWmon(t, ["qcow", "check", "--limit", "2", path]);
  const lines = few.stdout.split("\n").map((line) => line.slice(0, 40));
  assert.deepEqual(lines.slice(1, 9), [
    "leak (950):",
    "  cluster at 0x64000: refcount 1, refere",
    "  cluster at 0x66000: refcount 1, refere",
    "  … and 948 more (--limit shows more)",
    "copied-flag (480):",
    "  L2 table at 0x4000, entry 20: copied f",
    "  L2 table at 0x4000, entry 21: copied f",
    "  … and 478 more (--limit shows more)",
  ]);
  const json = await runWmon(t, ["qcow", "check", "--json", "--limit", "5", path]);
  const report = JSON.parse(json.stdout);
  assert.equal(json.code, 2);
  assert.deepEqual(
    [report.verdict, report.corruptions, report.leaks, report.counts, report.findings.length],
    ["corrupt", 480, 950, { leak: 950, "copied-flag": 480 }, 10],
  );
});

test("wmon qcow: the name of a file reaches no terminal as it is", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, HOSTILE);
  const outputs: string[] = [];
  for (const args of [
    ["create", path, "1M"],
    ["create", path, "1M"],
    ["create", join(folder, "top.qcow2"), "--backing", HOSTILE],
    ["info", path],
    ["info", "--json", path],
    ["info", join(folder, "top.qcow2")],
    ["info", "--json", join(folder, "top.qcow2")],
    ["check", path],
    ["check", "--json", path],
    ["compact", path],
    ["map", path],
    ["map", join(folder, "top.qcow2")],
    ["check", `${path}.absent`],
  ]) {
    const { stdout, stderr } = await runWmon(t, ["qcow", ...args]);
    for (const line of (stdout + stderr).split("\n")) assert.equal(escapeControl(line), line);
    assert.ok(!stdout.includes("\n.qcow2") && !stderr.includes("\n.qcow2"), args.join(" "));
    outputs.push(stdout + stderr);
  }
  assert.ok(outputs.join("").includes(ESCAPED));
});

test("wmon qcow create: a file that exists stays as it is, unless by --force", async (t) => {
  const path = imageFile(t);
  const before = readFileSync(path);
  const refused = await runWmon(t, ["qcow", "create", path, "2M"]);
  assert.deepEqual(
    [refused.code, refused.stderr],
    [1, `wmon: ${path} exists; --force replaces it\n`],
  );
  assert.deepEqual(readFileSync(path), before);
  const tooLarge = await runWmon(t, ["qcow", "create", "--force", path, "4000P"]);
  assert.equal(tooLarge.code, 1);
  assert.deepEqual(readFileSync(path), before);
  const forced = await runWmon(t, ["qcow", "create", "--force", path, "2M"]);
  assert.deepEqual([forced.code, forced.stderr], [0, ""]);
  const file = openImage(path, { isReadonly: true });
  t.after(() => file.close());
  assert.deepEqual([checkImage(file).verdict, checkImage(file).totalClusters], ["clean", 32]);
});

test("wmon qcow create --force: what a killed one left is named, and kept", async (t) => {
  const path = imageFile(t);
  writeFileSync(`${path}.new`, "mine");
  const { code, stderr } = await runWmon(t, ["qcow", "create", "--force", path, "2M"]);
  assert.equal(code, 1);
  assert.match(stderr, /disk\.qcow2\.new is in the way: remove it, unless /);
  assert.equal(readFileSync(`${path}.new`, "utf8"), "mine");
});

test("wmon qcow create --force: replaces only files", async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "folder"));
  symlinkSync(imageFile(t), join(folder, "link"));
  for (const name of ["folder", "link"]) {
    const { code, stderr } = await runWmon(t, [
      "qcow",
      "create",
      "--force",
      join(folder, name),
      "1M",
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /is no file; only files are replaced$/m);
  }
});

test("wmon qcow: an image that another process writes is refused", async (t) => {
  const path = imageFile(t);
  t.after(lockImage(path, { isReadonly: false }));
  const before = readFileSync(path);
  for (const args of [
    ["compact", path],
    ["check", path],
    ["create", "--force", path, "1M"],
  ]) {
    const { code, stdout, stderr } = await runWmon(t, ["qcow", ...args]);
    assert.deepEqual([code, stdout], [1, ""], args[0]);
    assert.match(stderr, new RegExp(`disk\\.qcow2 is in use by process ${process.pid};`), args[0]);
  }
  for (const args of [["info"], ["map"], ["check", "--force-share"]]) {
    assert.equal((await runWmon(t, ["qcow", ...args, path])).code, 0, args[0]);
  }
  assert.deepEqual(readFileSync(path), before);
});

/** Arguments, with IMAGE for an image, TEXT for a text, FOLDER for a folder; what is said. */
const REFUSED: readonly (readonly [readonly string[], RegExp])[] = [
  [["info", "/nonexistent"], /^wmon: \/nonexistent: there is no such file\n$/],
  [["check", "/nonexistent"], /^wmon: \/nonexistent: there is no such file\n$/],
  [["map", "/nonexistent"], /there is no such file/],
  [["compact", "/nonexistent"], /there is no such file/],
  [["check", "FOLDER"], /: no regular file\n$/],
  [["compact", "FOLDER"], /: no regular file\n$/],
  [["check", "TEXT"], /does not begin as qcow2|no qcow2 image/],
  [["compact", "TEXT"], /does not begin as qcow2|no qcow2 image/],
  [["create", "/nonexistent/disk", "1M"], /: its folder does not exist\n$/],
  [["create", "FOLDER/new"], /say how large the disk is, such as 10G, or what is behind it/],
  [["create", "FOLDER/new", "10X"], /wanted is a size below 8E: 4096, 512k, 1\.5G, 10T/],
  [["create", "FOLDER/new", "8E"], /wanted is a size below 8E/],
  [["create", "FOLDER/new", "7E"], /a disk of 7 EiB is too large|is too large/],
  [["create", "FOLDER/new", "1M", "--cluster-size", "1000"], /a power of two from 512 to 2M/],
  [["create", "FOLDER/new", "1M", "--cluster-size", "4M"], /a power of two from 512 to 2M/],
  [["create", "FOLDER/new", "1M", "--compat", "1.2"], /Allowed choices are 1\.1, 0\.10, v3, v2/],
  [["create", "FOLDER/new", "1M", "--compat", "v2", "--lazy-refcounts"], /needs --compat 1\.1/],
  [["create", "FOLDER/new", "--backing", "absent"], /absent: there is no such file/],
  [["create", "FOLDER/new", "1M", "--backing-format", "raw"], /--backing-format needs --backing/],
  [["create", "FOLDER/new", "--backing", "TEXT", "--backing-format", "qcow2"], /qcow2/],
  [["create", "--force", "IMAGE", "--backing", "disk.qcow2"], /cannot be its own backing file\n$/],
  [["check", "--limit", "-1", "IMAGE"], /wanted is a number from 0/],
  [["check", "--repair", "IMAGE"], /unknown option '--repair'/],
  [["check"], /missing required argument 'file'/],
  [["squash"], /unknown command 'squash'/],
];

for (const [args, message] of REFUSED) {
  test(`wmon qcow: exit code 1 for ${args.join(" ")}`, async (t) => {
    const folder = temporaryFolder(t);
    const image = imageFile(t);
    const text = join(folder, "text");
    writeFileSync(text, "text");
    const real = args.map((word) =>
      word
        .replace(/^FOLDER/, folder)
        .replace("IMAGE", image)
        .replace("TEXT", text),
    );
    const { code, stdout, stderr } = await runWmon(t, ["qcow", ...real]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.ok(!existsSync(join(folder, "new")));
  });
}

test("wmon qcow compact: a corrupt image stays as it is", async (t) => {
  const path = imageFile(t, (image) => setEntry(image, 1, COPIED | BigInt(REFCOUNT_BLOCK)));
  const before = readFileSync(path);
  const { code, stderr } = await runWmon(t, ["qcow", "compact", path]);
  assert.equal(code, 1);
  assert.match(stderr, /disk\.qcow2 is corrupt: cluster at 0x\S+.*; wmon qcow check says more\n$/);
  assert.deepEqual(readFileSync(path), before);
});

test("wmon qcow compact: takes back what leaked, and cuts the file", async (t) => {
  const path = imageFile(t, (image) => {
    setEntry(image, 0, 0n);
    setRefcount(image, 6, 1);
  });
  assert.equal((await runWmon(t, ["qcow", "check", path])).code, 3);
  const { stdout, code } = await runWmon(t, ["qcow", "compact", path]);
  assert.equal(code, 0);
  assert.match(stdout, /: 32 KiB -> 28 KiB \(28672 bytes\), 1 cluster moved\n$/);
  assert.equal((await runWmon(t, ["qcow", "check", path])).code, 0);
  assert.equal(statSync(path).size, 7 * CLUSTER);
});

test("wmon qcow compact: ^C ends it between two steps, and the next run goes on", async (t) => {
  const path = join(temporaryFolder(t), "large.qcow2");
  for (let attempt = 0; ; attempt++) {
    assert.ok(attempt < 20, "ended every time before it was interrupted");
    if (attempt === 0) makeFragmented(path);
    const wmon = new Wmon(t, ["qcow", "compact", path]);
    await until(
      "the image is locked",
      () => existsSync(`${path}.lock`) || wmon.child.exitCode !== null,
    );
    wmon.child.kill("SIGINT");
    const { code } = await wmon.ended;
    const file = openImage(path, { isReadonly: true });
    assert.equal(checkImage(file).verdict, "clean");
    file.close();
    if (code === 130) break;
  }
  const { code, stdout } = await runWmon(t, ["qcow", "compact", path]);
  assert.equal(code, 0);
  assert.match(stdout, / clusters moved\n$/);
});

/** An image of 4 KiB clusters of which every other one is free. */
function makeFragmented(path: string): void {
  const clusterCount = 12_288;
  const file = createImage(path);
  createQcow(file, { capacityBytes: clusterCount * CLUSTER, clusterBytes: CLUSTER });
  const device = openQcow(file);
  device.write(0, new Uint8Array(clusterCount * CLUSTER).fill(7));
  for (let cluster = 0; cluster < clusterCount; cluster += 2)
    device.discard(cluster * CLUSTER, CLUSTER);
  device.close();
}

test("wmon qcow map: ends quietly when nobody reads any more", (t) => {
  const path = imageFile(t, (image) => {
    // A flag every other entry: as many extents.
    for (let index = 4; index < 256; index += 2) setEntry(image, index, 1n);
  });
  const shell = `("$0" "$1" qcow map "$2"; echo $? >&2) | head -n 1`;
  const { stdout, stderr } = spawnSync("sh", ["-c", shell, process.execPath, MAIN, path], {
    encoding: "utf8",
  });
  assert.match(stdout, /^start .*\n$/);
  assert.equal(stderr, "0\n");
});

for (const command of COMMANDS) {
  test(`wmon qcow ${command} --help: has examples and exit codes, in 100 columns`, async (t) => {
    const { stdout, code } = await runWmon(t, ["qcow", command, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /\nExamples:\n {2}wmon qcow /);
    assert.match(stdout, /\nExit code: 0.*1 /);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  });
}
