/**
 * `--block NAME=FILE[,readonly][,raw][,compact]`, as tables.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { addBlock, type BlockChoice, DEVICES_MAX, parseBlock } from "../../host/block/choice.js";

type Options = "readonly" | "raw" | "compact";
type Vector = readonly [rule: string, text: string, name: string, path: string, ...Options[]];

const CHOICES: readonly Vector[] = [
  ["a name and a file", "disk=vol.img", "disk", "vol.img"],
  ["a name with signs", "sd_a-1.0=vol.img", "sd_a-1.0", "vol.img"],
  ["a path with =", "a=b=c", "a", "b=c"],
  ["a path with a comma", "a=x,y.img", "a", "x,y.img"],
  ["an option", "a=x.img,readonly", "a", "x.img", "readonly"],
  ["two options", "a=x.img,raw,readonly", "a", "x.img", "readonly", "raw"],
  ["an option twice", "a=x.img,readonly,readonly", "a", "x.img", "readonly"],
  ["a comma and an option", "a=x,y,compact", "a", "x,y", "compact"],
  ["an unknown option is the path's", "a=x.img,readnoly", "a", "x.img,readnoly"],
  ["an option before an unknown one is the path's", "a=x,raw,y", "a", "x,raw,y"],
];

for (const [rule, text, name, path, ...options] of CHOICES) {
  test(`--block: ${rule}`, () => {
    const expected: BlockChoice = {
      name,
      path,
      isReadonly: options.includes("readonly"),
      isRaw: options.includes("raw"),
      isCompacting: options.includes("compact"),
    };
    assert.deepEqual(parseBlock(text), expected);
  });
}

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["", /NAME=FILE/],
  ["disk", /NAME=FILE/],
  ["=vol.img", /NAME=FILE/],
  ["disk=", /NAME=FILE/],
  ["disk=,readonly", /NAME=FILE/],
  ["my disk=vol.img", /letters, digits/],
  ["-disk=vol.img", /begins with a letter/],
  ["dïsk=vol.img", /letters, digits/],
  [`${"x".repeat(68)}=vol.img`, /1 to 67/],
  ["disk=vol.img,compact,readonly", /compact is for/],
  ["disk=vol.img,raw,compact", /compact is for/],
];

for (const [text, said] of REFUSED) {
  test(`--block: refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseBlock(text), { code: "OPTION_INVALID", message: said });
  });
}

test("--block: a name is taken once, and there are 64 devices at most", () => {
  const one = addBlock(parseBlock("a=x"), []);
  assert.throws(() => addBlock(parseBlock("a=y"), one), /a device a already/);
  let all: readonly BlockChoice[] = [];
  for (let i = 0; i < DEVICES_MAX; i++) all = addBlock(parseBlock(`d${i}=x`), all);
  assert.throws(() => addBlock(parseBlock("more=x"), all), /at most 64/);
});
