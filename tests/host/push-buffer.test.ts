/**
 * The reports, buffers and batches of the push, without any connection.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatherBatch } from "../../host/push/batch.js";
import { LineBuffer } from "../../host/push/buffer.js";
import { copyReport } from "../../host/push/report.js";

const ROOMY = { bytesMax: 1_000, linesMax: 1_000 };

function spansOf(text: string, spanBytesMax?: number) {
  return copyReport(new TextEncoder().encode(text), spanBytesMax);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function contentOf(buffer: LineBuffer): string {
  return textOf(gatherBatch(buffer, Number.POSITIVE_INFINITY).bytes);
}

const CUTS: readonly [rule: string, text: string, bytesMax: number, spans: string[]][] = [
  ["nothing gathered, no span", "", 10, []],
  ["small reports are one span", "a\nb\n", 10, ["a\nb\n"]],
  ["spans end at line ends", "aa\nbb\ncc\n", 7, ["aa\nbb\n", "cc\n"]],
  ["a span is as large as allowed", "aa\nbb\ncc\n", 6, ["aa\nbb\n", "cc\n"]],
  ["a longer line is a span of its own", "aaaaaa\nb\n", 3, ["aaaaaa\n", "b\n"]],
  ["what has no newline is no line", "aa\nbb", 10, ["aa\n"]],
];

for (const [rule, text, bytesMax, expected] of CUTS) {
  test(`report: ${rule}`, () => {
    const spans = spansOf(text, bytesMax);
    assert.deepEqual(
      spans.map(({ bytes }) => textOf(bytes)),
      expected,
    );
    for (const { bytes, lineCount } of spans) {
      assert.equal(lineCount, textOf(bytes).split("\n").length - 1);
    }
  });
}

test("report: is a copy that the encoder's next call does not change", () => {
  const encoded = Buffer.from("a\n");
  const [span] = copyReport(encoded);
  encoded.fill("z");
  assert.equal(textOf(span?.bytes ?? encoded), "a\n");
});

const OVERFLOWS: readonly [rule: string, bytesMax: number, linesMax: number, left: string][] = [
  ["keeps what fits", 9, 3, "aa\nbb\ncc\n"],
  ["drops the oldest line past the bytes", 8, 9, "bb\ncc\n"],
  ["drops the oldest line past the lines", 99, 2, "bb\ncc\n"],
  ["drops several", 99, 1, "cc\n"],
  ["keeps nothing of a line that is too long", 2, 9, ""],
];

for (const [rule, bytesMax, linesMax, left] of OVERFLOWS) {
  for (const spanBytesMax of [3, 6, 99]) {
    test(`buffer: ${rule}, in spans of ${spanBytesMax} bytes, and counts it`, () => {
      const buffer = new LineBuffer({ bytesMax, linesMax });
      let droppedCount = 0;
      for (const span of spansOf("aa\nbb\ncc\n", spanBytesMax)) droppedCount += buffer.append(span);
      assert.equal(contentOf(buffer), left);
      assert.equal(droppedCount, 3 - left.length / 3);
      assert.equal(buffer.byteCount, left.length);
      assert.equal(buffer.lineCount, left.length / 3);
    });
  }
}

test("buffer: releases whole spans and parts of one, and keeps line numbers", () => {
  const buffer = new LineBuffer(ROOMY);
  for (const span of spansOf("aa\nbb\ncc\ndd\n", 6)) buffer.append(span);
  assert.equal(buffer.releaseBefore(3), 3);
  assert.equal(contentOf(buffer), "dd\n");
  assert.equal(buffer.firstLine, 3);
  assert.equal(buffer.releaseBefore(3), 0);
  assert.equal(buffer.releaseBefore(99), 1);
  assert.equal(buffer.firstLine, 4);
  assert.equal(buffer.byteCount, 0);
});

test("buffer: finds the span that a position left by dropped lines points before", () => {
  const buffer = new LineBuffer({ bytesMax: 1_000, linesMax: 2 });
  for (const span of spansOf("aa\nbb\ncc\n", 3)) buffer.append(span);
  assert.equal(buffer.findFrom(0)?.firstLine, 1);
  assert.equal(buffer.findFrom(2)?.firstLine, 2);
  assert.equal(buffer.findFrom(3), undefined);
});

test("buffer: a model of a plain array agrees through random appends and releases", () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const limits = { bytesMax: 300, linesMax: 40 };
  const buffer = new LineBuffer(limits);
  const model: string[] = [];
  let nextLine = 0;
  for (let step = 0; step < 20_000; step++) {
    const lines = Array.from({ length: random(8) }, () => `${"x".repeat(random(20))}\n`);
    for (const span of spansOf(lines.join(""), 64)) buffer.append(span);
    model.push(...lines);
    nextLine += lines.length;
    while (model.length > limits.linesMax || model.join("").length > limits.bytesMax) model.shift();
    if (random(3) === 0) {
      const count = random(model.length + 1);
      assert.equal(buffer.releaseBefore(nextLine - model.length + count), count);
      model.splice(0, count);
    }
    assert.equal(contentOf(buffer), model.join(""), `step ${step}`);
    assert.equal(buffer.firstLine, nextLine - model.length);
  }
});

test("batch: joins spans up to its bound, and takes one that is larger alone", () => {
  const buffer = new LineBuffer(ROOMY);
  for (const span of spansOf("aaaa\nbb\ncc\n", 3)) buffer.append(span);
  assert.equal(textOf(gatherBatch(buffer, 4).bytes), "aaaa\n");
  buffer.releaseBefore(1);
  assert.deepEqual(gatherBatch(buffer, 6).endLine, 3);
  assert.equal(textOf(gatherBatch(buffer, 6).bytes), "bb\ncc\n");
});
