/**
 * Reading, writing and judging addresses: a row a form.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, isLoopback, parseAddress } from "../../host/address.js";
import { MonitorError } from "../../host/errors.js";

const READ: readonly [text: string, written: string][] = [
  ["9090", "tcp:127.0.0.1:9090"],
  ["0", "tcp:127.0.0.1:0"],
  ["tcp:9090", "tcp:127.0.0.1:9090"],
  ["tcp:localhost", "tcp:localhost:2323"],
  ["tcp:10.0.0.1", "tcp:10.0.0.1:2323"],
  ["tcp:10.0.0.1:9090", "tcp:10.0.0.1:9090"],
  ["tcp:metrics.example.org:9090", "tcp:metrics.example.org:9090"],
  ["tcp://metrics:9090", "tcp:metrics:9090"],
  ["tcp:[::1]:9090", "tcp:[::1]:9090"],
  ["tcp:[::]", "tcp:[::]:2323"],
  ["[::1]:9090", "tcp:[::1]:9090"],
  ["127.0.0.1:65535", "tcp:127.0.0.1:65535"],
  ["localhost:9090", "tcp:localhost:9090"],
  ["unix:/run/wmon.sock", "unix:/run/wmon.sock"],
  ["unix:a b:c", "unix:a b:c"],
];

for (const [text, written] of READ) {
  test(`address: ${text} is ${written}, which reads back the same`, () => {
    const address = parseAddress(text, { port: 2323 });
    assert.equal(formatAddress(address), written);
    assert.deepEqual(parseAddress(written), address);
  });
}

const REFUSED: readonly [text: string, message: RegExp][] = [
  ["", /write PORT, tcp:PORT/],
  ["tcp:", /no valid host; write PORT/],
  ["tpc:9090", /is no address; write PORT/],
  ["metrics", /is no address/],
  ["udp:9090", /is no address/],
  ["65536", /a number from 0 to 65535/],
  ["tcp:host:", /no valid port/],
  ["tcp:host:http", /no valid port/],
  ["tcp:host:-1", /no valid port/],
  ["tcp:host:1e3", /no valid port/],
  ["tcp:host", /names no port; write tcp:host:PORT/],
  ["tcp:::1", /brackets, as in tcp:\[::1\]:9090/],
  ["tcp:[::1", /no valid host|brackets/],
  ["tcp:[host]:1", /no IPv6 address between its brackets/],
  ["tcp:a b:1", /no valid host/],
  ["tcp:-a:1", /no valid host/],
  ["unix:", /write unix:\/run\/NAME.sock/],
  ["unix:a\0b", /NUL byte/],
  [`unix:/${"a".repeat(107)}`, /108 bytes; a Unix socket takes 107/],
];

for (const [text, message] of REFUSED) {
  test(`address: ${JSON.stringify(text.slice(0, 20))} is refused, saying why`, () => {
    assert.throws(
      () => parseAddress(text),
      (error) =>
        error instanceof MonitorError &&
        error.code === "ADDRESS_INVALID" &&
        message.test(error.message),
    );
  });
}

const LOOPBACK: readonly [text: string, is: boolean][] = [
  ["tcp:127.0.0.1:1", true],
  ["tcp:127.255.3.4:1", true],
  ["tcp:LocalHost:1", true],
  ["tcp:[::1]:1", true],
  ["tcp:[::ffff:127.0.0.1]:1", true],
  ["unix:/run/x", true],
  ["tcp:0.0.0.0:1", false],
  ["tcp:128.0.0.1:1", false],
  ["tcp:127.0.0.1.example.org:1", false],
  ["tcp:127.0.0.256:1", false],
  ["tcp:localhost.example.org:1", false],
  ["tcp:[::]:1", false],
  ["tcp:[::2]:1", false],
];

for (const [text, is] of LOOPBACK) {
  test(`address: ${text} is ${is ? "" : "not "}loopback`, () => {
    assert.equal(isLoopback(parseAddress(text)), is);
  });
}

test("address: a port alone takes the default host", () => {
  assert.deepEqual(parseAddress("9090", { host: "0.0.0.0" }), {
    kind: "tcp",
    host: "0.0.0.0",
    port: 9090,
  });
});
