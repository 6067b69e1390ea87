/**
 * What guests import of us: hostile ones change nothing and never trap by it, floods cost bounded
 * memory, every kind of instrument arrives.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { guestPath, skipWithout } from "../guests/guest.js";
import { flooding, HOSTILE } from "./guest-text.js";
import { LineReceiver } from "./line-receiver.js";
import { guestFile, QUIET, runWmon } from "./wmon.js";

test("imports: spans outside memory and numbers nobody gave are refused", async (t) => {
  const ended = await runWmon(t, [...PUSHING, guestFile(t, HOSTILE)]);
  assert.equal(ended.code, 7);
  // Four attacks of seven calls that the host refuses; the core counts the others.
  assert.match(ended.stdout, /^guest .*refused\\ calls=28i/m);
});

test("imports: a hostile guest survives and harms no bystander", {
  skip: skipWithout("hostile"),
}, async (t) => {
  const ended = await runWmon(t, [...PUSHING, guestPath("hostile")]);
  assert.equal(ended.code, 0);
  assert.match(ended.stdout, /^hostile_survived gauge=1$/m);
  assert.match(ended.stdout, /^hostile_bystander_total counter=5$/m);
});

test("imports: every kind of instrument arrives", { skip: skipWithout("kinds") }, async (t) => {
  const ended = await runWmon(t, [...PUSHING, "--hostname", "h", guestPath("kinds")]);
  assert.equal(ended.code, 0);
  const lines = ended.stdout.split("\n").filter((line) => line.startsWith("kinds"));
  assert.deepEqual(lines.slice(-KINDS.length).sort(), [...KINDS].sort());
});

test("imports: messages are written at the levels that pass, under the source's name", {
  skip: skipWithout("kinds"),
}, async (t) => {
  const args = ["run", ...QUIET, "--log-format", "json", "-l", "kinds:warning"];
  const ended = await runWmon(t, [...args, guestPath("kinds")]);
  const records = ended.stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    records.map(({ level, source }) => [level, source]),
    [
      ["app", "kinds"],
      ["error", "kinds"],
      ["warning", "kinds"],
    ],
  );
});

test("imports: of a flood of messages each is written or counted as dropped", async (t) => {
  const sent = 200_000;
  const receiver = await new LineReceiver().start();
  t.after(() => receiver.stop());
  const args = ["run", ...QUIET, "--push", receiver.url, guestFile(t, flooding(sent))];
  const ended = await runWmon(t, args);
  assert.equal(ended.code, 0);
  const lines = ended.stderr.trimEnd().split("\n");
  const others = lines.filter((line) => !line.endsWith("one of many messages, all alike"));
  assert.deepEqual(others, []);
  const last = receiver.lines.findLast((line) => line.startsWith("guest "));
  const dropped = Number(/dropped\\ logs=(\d+)i/.exec(last ?? "")?.[1]);
  assert.equal(lines.length + dropped, sent);
});

const PUSHING = ["run", ...QUIET, "--push", "-", "--timestamps", "none"];

const KINDS = [
  "kinds_requests_total,vm=h,method=GET counter=2",
  "kinds_queue,vm=h gauge=-1.5",
  "kinds_seconds,vm=h count=2,sum=5.1,0.1=1,1=1,+Inf=2",
  "kinds_bytes,vm=h count=1,sum=10,0.5=10.125",
  "kinds,vm=h,id=one flag=true,float=0.1,integer=-9007199254740993i," +
    'unsigned=9223372036854775807i,duration=1500000000i,counter=7i,gauge=3i,text="zwölf "',
];
