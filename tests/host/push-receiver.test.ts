/**
 * Which receivers a push takes, how they are shown, and that secrets are not.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MonitorError } from "../../host/errors.js";
import { nodePlatform } from "../../host/platforms/node.js";
import { createPush } from "../../host/push/push.js";
import { parseReceiver } from "../../host/push/receiver-url.js";

const LABELS: readonly [text: string, kind: string, label: string][] = [
  ["tcp://10.0.0.1:8094", "stream", "tcp:10.0.0.1:8094"],
  ["tcp://telegraf", "stream", "tcp:telegraf:8094"],
  ["tcp:telegraf:9", "stream", "tcp:telegraf:9"],
  ["telegraf", "stream", "tcp:telegraf:8094"],
  ["telegraf:99", "stream", "tcp:telegraf:99"],
  ["tcp://[::1]:99", "stream", "tcp:[::1]:99"],
  ["udp://telegraf:8089", "datagram", "udp:telegraf:8089"],
  ["udp://[::1]", "datagram", "udp:[::1]:8094"],
  ["unix:/run/t.sock", "stream", "unix:/run/t.sock"],
  ["-", "stdout", "stdout"],
  ["http://h:8086/write?db=a%20b", "http", "http://h:8086/write?db=a+b"],
  ["https://h/api/v2/write?org=o&bucket=b", "http", "https://h/api/v2/write?org=o&bucket=b"],
  ["http://h/write?db=a&u=me&p=secret", "http", "http://h/write?db=a"],
  ["http://h/write?db=a&precision=ns", "http", "http://h/write?db=a"],
];

for (const [text, kind, label] of LABELS) {
  test(`receiver: ${text} is shown as ${label}`, () => {
    const receiver = parseReceiver(text);
    assert.deepEqual([receiver.kind, receiver.label], [kind, label]);
  });
}

const TOKENS: readonly [rule: string, text: string, token: string | undefined, sent: string][] = [
  ["from the option", "http://h/api/v2/write", "secret", "Token secret"],
  ["from the URL first", "http://h/api/v2/write?token=secret", "other", "Token secret"],
  ["a user in the URL is basic", "http://a%40b:secret@h/write", "other", "Basic YUBiOnNlY3JldA=="],
];

for (const [rule, text, token, sent] of TOKENS) {
  test(`receiver: token ${rule}, and neither the URL nor the label has it`, () => {
    const receiver = parseReceiver(text, { token });
    assert.ok(receiver.kind === "http");
    assert.equal(receiver.authorization, sent);
    assert.doesNotMatch(receiver.url + receiver.label, /secret|other/);
  });
}

const REFUSED: readonly [text: string, message: RegExp][] = [
  ["", /host|address/],
  ["ftp://h:1", /scheme "ftp" is none of ours; write tcp:/],
  ["tcp://h:0", /port is a number from 1/],
  ["udp://h:x", /no valid port/],
  ["tcp://me:secret@h:1", /only HTTP receivers take a user/],
  ["http://me:secret@h:99999/write", /no valid URL/],
  ["http://h:8086", /add \/write\?db=NAME or \/api\/v2\/write/],
  [
    "http://h/write?db=a&precision=s&token=secret",
    /nanoseconds; leave the parameter precision out/,
  ],
];

for (const [text, message] of REFUSED) {
  test(`receiver: ${JSON.stringify(text)} is refused without showing a secret`, () => {
    assert.throws(
      () => parseReceiver(text),
      (error) =>
        error instanceof MonitorError &&
        error.code === "ADDRESS_INVALID" &&
        message.test(error.message) &&
        !error.message.includes("secret"),
    );
  });
}

test("push: an interval must be a number of milliseconds above 0 that timers take", () => {
  for (const intervalMs of [0, -1, Number.NaN, 2 ** 31]) {
    const options = { receivers: [], encode: () => new Uint8Array(0), platform: nodePlatform };
    assert.throws(() => createPush({ ...options, intervalMs }), { code: "OPTION_INVALID" });
  }
});

test("push: a receiver that the runtime cannot reach is refused at once", () => {
  const platform = { nowNs: () => 0n };
  const receivers = [{ url: "tcp://h" }];
  const encode = () => new Uint8Array(0);
  assert.throws(() => createPush({ receivers, encode, platform }), { code: "OPTION_INVALID" });
});
