/**
 * The files of `--block` before a guest starts: what is refused, in which words, and who may have
 * an image beside whom. What is refused leaves every file free.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parseBlock } from "../../host/block/choice.js";
import { createImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { Images } from "../../host/wasi/images.js";
import { makeImage } from "./block-image.js";
import { temporaryFolder } from "./wmon.js";

/** A folder of files that are good and bad disks. */
function fill(t: TestContext): string {
  const folder = temporaryFolder(t);
  const put = (name: string, bytes: string | Uint8Array) =>
    writeFileSync(join(folder, name), bytes);
  put("guest.wasm", "");
  put("raw", Buffer.alloc(1024));
  put("other", Buffer.alloc(1024));
  put("empty", "");
  put("half", Buffer.alloc(768));
  put("bad", Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(508)]));
  mkdirSync(join(folder, "folder"));
  symlinkSync(join(folder, "raw"), join(folder, "link"));
  spawnSync("mkfifo", [join(folder, "pipe")]);
  return folder;
}

function open(folder: string, blocks: readonly string[]): Images {
  const choices = blocks.map((block) => parseBlock(block.replace("=", `=${folder}/`)));
  return new Images(choices, join(folder, "guest.wasm"));
}

/** Devices, whose files are in the folder, and what is said. */
const REFUSALS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["a file that is not there", ["a=none"], /^--block a: \S+none: no such file; wmon qcow create/],
  ["a folder", ["a=folder"], /^--block a: \S+folder: is a directory$/],
  ["a pipe", ["a=pipe"], /^--block a: \S+pipe: is no regular file$/],
  ["an empty file", ["a=empty"], /^--block a: \S+empty: the file is empty; make it as large/],
  ["half a sector", ["a=half"], /^--block a: \S+half: 768 bytes are not whole .* size is 1024$/],
  ["the guest itself", ["a=guest.wasm"], /^--block a: \S+: is the guest's own program$/],
  ["a file twice", ["a=raw", "b=raw,readonly"], /^--block b: \S+raw: is the file of a already/],
  ["a link to it", ["a=raw,readonly", "b=link"], /^--block b: \S+link: is the file of a already/],
  ["compaction of a raw image", ["a=raw,compact"], /^--block a: \S+raw: compact is for qcow2/],
  ["an image that is damaged", ["a=bad"], /^--block a: \S+bad[: ]/],
  ["a good one before a bad one", ["a=raw", "b=half"], /^--block b: /],
];

for (const [what, blocks, message] of REFUSALS) {
  test(`block images: refuses ${what}, and leaves no lock`, (t) => {
    const folder = fill(t);
    assert.throws(() => open(folder, blocks), { code: "OPTION_INVALID", message });
    assert.throws(() => open(folder, blocks), { message: /^[^\n]*$/ });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes("lock")),
      [],
    );
  });
}

test("block images: two devices may share a file that neither writes", (t) => {
  const images = open(fill(t), ["a=raw,readonly", "b=link,readonly", "c=other"]);
  images.release();
});

/** Options of who has the image, of who wants it, and whether that may. */
const SHARINGS = [
  ["", "", false],
  ["", ",readonly", false],
  [",readonly", ",readonly", true],
] as const;

for (const kind of ["raw", "qcow2"] as const) {
  for (const [holds, wants, isAllowed] of SHARINGS) {
    const verb = isAllowed ? "may" : "may not";
    const rule = `${wants || ",writing"} ${verb} join ${holds || ",writing"}`;
    test(`block images: ${kind}: ${rule}`, (t) => {
      const image = makeImage(t, kind);
      const guest = join(fill(t), "guest.wasm");
      const holder = new Images([parseBlock(`a=${image}${holds}`)], guest);
      const reopen = () => new Images([parseBlock(`b=${image}${wants}`)], guest);
      if (isAllowed) reopen().release();
      else assert.throws(reopen, { code: "OPTION_INVALID", message: /^--block b: \S+ is in use/ });
      holder.release();
      reopen().release();
      assert.equal(existsSync(`${image}.lock`), false);
    });
  }
}

test("block images: no device writes the backing file of another", (t) => {
  const folder = fill(t);
  const base = makeImage(t, "qcow2");
  const top = createImage(join(folder, "top"));
  createQcow(top, { capacityBytes: 1024 * 1024, backing: base, backingFormat: "qcow2" });
  top.close();
  const both = (option: string) =>
    new Images(
      [parseBlock(`a=${folder}/top`), parseBlock(`b=${base}${option}`)],
      join(folder, "guest.wasm"),
    );
  const message = /^--block a: \S+top: \S+ is in use by process/;
  assert.throws(() => both(""), { code: "OPTION_INVALID", message });
  both(",readonly").release();
});
