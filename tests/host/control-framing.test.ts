/**
 * How bytes become commands (PROTOCOLS §2, framing), as tables: what arrives when, and which
 * commands come out. No sockets, no clock.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMAND_BYTES_MAX, Framing, QUIET_MS } from "../../host/control/framing.js";

/** Text arrives · the clock is advanced by so many milliseconds · the peer half-closes. */
type Step = string | number | "EOF";
/** `line:` takes a newline back, `chunk:` does not and closes. */
type Vector = readonly [rule: string, steps: readonly Step[], frames: readonly string[]];

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function framesOf(strict: boolean, steps: readonly Step[]): string[] {
  const framing = new Framing(strict);
  const frames: string[] = [];
  let nowMs = 1000;
  for (const step of steps) {
    if (step === "EOF") framing.end();
    else if (typeof step === "number") nowMs += step;
    else framing.push(encoder.encode(step), nowMs);
    for (let frame = framing.next(nowMs); frame; frame = framing.next(nowMs)) {
      const kind = frame.isOversized ? "oversized" : frame.isLine ? "line" : "chunk";
      frames.push(`${kind}:${decoder.decode(frame.bytes)}`);
    }
  }
  return frames;
}

const longest = "x".repeat(COMMAND_BYTES_MAX);

const DEFAULT: readonly Vector[] = [
  ["a line ends in a newline", ["l\n"], ["line:l"]],
  ["a line ends in a carriage return and newline", ["l\r\n"], ["line:l"]],
  ["a carriage return alone ends nothing", ["l\rm\n"], ["line:l\rm"]],
  ["only one carriage return is taken off", ["l\r\r\n"], ["line:l\r"]],
  ["an empty line is an empty command", ["\n"], ["line:"]],
  ["an empty line with carriage return is an empty command", ["\r\n"], ["line:"]],
  ["white space is left to the core", [" l \t\n"], ["line: l \t"]],
  [
    "several lines in one read are several commands",
    ["l\nm\nl*\n"],
    ["line:l", "line:m", "line:l*"],
  ],
  ["a line may come byte by byte", ["L", "*", ":", "debug", "\r", "\n"], ["line:L*:debug"]],
  ["a line may come in pieces within the quiet time", ["L*:", 99, "debug\n"], ["line:L*:debug"]],
  ["a chunk is answered after the quiet time", ["l", QUIET_MS], ["chunk:l"]],
  ["a chunk waits until the quiet time is over", ["l", QUIET_MS - 1], []],
  ["every byte begins the quiet time anew", ["L*:", 60, "de", 60, "bug", 99], []],
  ["a chunk is answered at the end", ["m*", "EOF"], ["chunk:m*"]],
  ["pieces of a chunk are one command", ["m", 50, "*", "EOF"], ["chunk:m*"]],
  ["lines go before the chunk that follows them", ["l\nm", "EOF"], ["line:l", "chunk:m"]],
  ["a chunk after lines is answered after quiet", ["l\nm", QUIET_MS], ["line:l", "chunk:m"]],
  ["nothing follows a chunk", ["l", QUIET_MS, "m\n", "EOF"], ["chunk:l"]],
  ["nothing at all is no command", ["EOF"], []],
  ["a line and the end are one command", ["l\n", "EOF"], ["line:l"]],
  ["quiet alone is no command", ["l\n", 1000], ["line:l"]],
  ["bytes of any value pass", ["\u0000\u00ff\u0007\n"], ["line:\u0000\u00ff\u0007"]],
  ["the longest line passes", [`${longest}\r\n`], [`line:${longest}`]],
  ["the longest chunk passes", [longest, "EOF"], [`chunk:${longest}`]],
  ["a longer line is refused", [`${longest}y\n`], ["oversized:"]],
  ["a longer chunk is refused", [`${longest}y`, QUIET_MS], ["oversized:"]],
  ["a much longer chunk is refused at once", [longest, longest], ["oversized:"]],
  ["nothing follows a refusal", [`${longest}y\n`, "l\n", "EOF"], ["oversized:"]],
];

const STRICT: readonly Vector[] = [
  ["one read is one command", ["l"], ["chunk:l"]],
  ["a newline is part of the command", ["l\n"], ["chunk:l\n"]],
  ["two lines in one read are one command", ["l\nm\n"], ["chunk:l\nm\n"]],
  ["a second read is not looked at", ["l", "m"], ["chunk:l"]],
  ["nothing at all is no command", ["EOF"], []],
  ["the longest command passes", [longest], [`chunk:${longest}`]],
  ["a longer command is refused", [`${longest}y`], ["oversized:"]],
];

for (const [rule, steps, frames] of DEFAULT) {
  test(`framing: ${rule}`, () => assert.deepEqual(framesOf(false, steps), frames));
}

for (const [rule, steps, frames] of STRICT) {
  test(`framing, strict: ${rule}`, () => assert.deepEqual(framesOf(true, steps), frames));
}

test("framing: any cut of the same bytes within the quiet time gives the same commands", () => {
  const text = "l\nL*:debug\r\n\nm*\nMdns:off";
  const whole = framesOf(false, [text, "EOF"]);
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second += 3) {
      const parts = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      assert.deepEqual(framesOf(false, [...parts, "EOF"]), whole);
    }
  }
});

test("framing: pending bytes stay bounded while lines of any length stream through", () => {
  const framing = new Framing(false);
  const line = encoder.encode(`${"y".repeat(999)}\n`.repeat(65));
  for (let round = 0; round < 200; round++) {
    framing.push(line, round);
    let count = 0;
    while (framing.next(round) !== undefined) count++;
    assert.equal(count, 65);
    assert.equal(framing.pendingBytes, 0);
  }
});

test("framing: says when it must be asked again, and when nothing will follow", () => {
  const framing = new Framing(false);
  assert.equal(framing.deadlineMs, Number.POSITIVE_INFINITY);
  framing.push(encoder.encode("l"), 5);
  assert.equal(framing.next(5), undefined);
  assert.equal(framing.deadlineMs, 5 + QUIET_MS);
  assert.equal(framing.isFinished, false);
  assert.equal(framing.next(5 + QUIET_MS)?.isLine, false);
  assert.equal(framing.isFinished, true);
});

test("framing: the quiet time begins anew after reading was stopped", () => {
  const framing = new Framing(false);
  framing.push(encoder.encode("l\nL*:de"), 0);
  assert.equal(framing.next(0)?.isLine, true);
  framing.restartQuiet(900);
  assert.equal(framing.next(900), undefined);
  framing.push(encoder.encode("bug\n"), 950);
  assert.equal(decoder.decode(framing.next(950)?.bytes), "L*:debug");
});
