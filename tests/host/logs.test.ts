/**
 * Log lines as text and JSON: the form, the escapes, the colours, the destinations.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Level } from "../../assembly/abi.js";
import { paintLevel, wantsColour } from "../../host/logs/colour.js";
import { parseDestination } from "../../host/logs/destination.js";
import { escapeControl } from "../../host/logs/escape.js";
import {
  formatJson,
  formatText,
  LEVEL_NAMES,
  MESSAGE_CHARACTERS_MAX,
} from "../../host/logs/record.js";
import { createLogSink } from "../../host/logs/sink.js";
import { nodePlatform } from "../../host/platforms/node.js";

const TIME_NS = 1_795_377_000_123_456_789n;

function record(message: string, level = Level.Warning, source = "dns") {
  return { timeNs: TIME_NS, level, source, message };
}

const LINES: readonly (readonly [Level, string])[] = [
  [Level.App, "2026-11-22T19:50:00.123Z APP   dns: text\n"],
  [Level.Error, "2026-11-22T19:50:00.123Z ERROR dns: text\n"],
  [Level.Warning, "2026-11-22T19:50:00.123Z WARN  dns: text\n"],
  [Level.Info, "2026-11-22T19:50:00.123Z INFO  dns: text\n"],
  [Level.Debug, "2026-11-22T19:50:00.123Z DEBUG dns: text\n"],
];

for (const [level, line] of LINES) {
  test(`text: level ${LEVEL_NAMES[level]}`, () => {
    assert.equal(formatText(record("text", level)), line);
    const coloured = formatText(record("text", level), paintLevel);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), line);
    assert.equal(coloured.split("\x1b[").length, 3, "one colour, one reset");
  });

  test(`json: level ${LEVEL_NAMES[level]}`, () => {
    assert.deepEqual(JSON.parse(formatJson(record("text", level))), {
      time: "2026-11-22T19:50:00.123Z",
      level: LEVEL_NAMES[level],
      source: "dns",
      message: "text",
    });
  });
}

test("level names: the index is the level", () => {
  for (const name of LEVEL_NAMES) {
    const key = `${name.charAt(0).toUpperCase()}${name.slice(1)}` as keyof typeof Level;
    assert.equal(LEVEL_NAMES[Level[key]], name);
  }
});

const ESCAPES: readonly (readonly [rule: string, text: string, escaped: string])[] = [
  ["newline", "a\nb", "a\\nb"],
  ["carriage return", "a\rb", "a\\rb"],
  ["tab", "a\tb", "a\\tb"],
  ["NUL", "a\0b", "a\\x00b"],
  ["escape sequence", "\x1b[2Jgone", "\\x1b[2Jgone"],
  ["bell and backspace", "\x07\x08", "\\x07\\x08"],
  ["delete", "\x7f", "\\x7f"],
  ["C1: the one-character escape sequence", "\x9b2J", "\\x9b2J"],
  ["line and paragraph separator", "\u2028\u2029", "\\u2028\\u2029"],
  ["right-to-left override", "\u202egnp.exe", "\\u202egnp.exe"],
  ["isolates", "\u2066\u2069", "\\u2066\\u2069"],
  ["byte order mark", "\ufeffa", "\\ufeffa"],
  ["unpaired surrogate", "a\ud83d", "a\\ud83d"],
  ["pairs stay", "\u{1f600}", "\u{1f600}"],
  ["letters of any script stay", "häß 日本 עברית", "häß 日本 עברית"],
  ["a backslash stays", "C:\\new", "C:\\new"],
];

for (const [rule, text, escaped] of ESCAPES) {
  test(`escape: ${rule}`, () => {
    assert.equal(escapeControl(text), escaped);
    const line = formatText(record(text, Level.Info, text));
    assert.equal(line, `2026-11-22T19:50:00.123Z INFO  ${escaped}: ${escaped}\n`);
    const json = formatJson(record(text, Level.Info, text));
    assert.equal(JSON.parse(json).message, text, "JSON loses nothing");
    assert.match(json, /^[\u0020-\u007e\u00a0-\u2027\u202f-\u2065\u206a-\ufefe\uff00-\uffff]*\n$/);
  });
}

type Environment = Readonly<Record<string, string>>;

const COLOURS: readonly (readonly [string, boolean, Environment, boolean])[] = [
  ["a terminal", true, {}, true],
  ["no terminal", false, {}, false],
  ["NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR counts as unset", true, { NO_COLOR: "" }, true],
  ["FORCE_COLOR without a terminal", false, { FORCE_COLOR: "1" }, true],
  ["FORCE_COLOR over NO_COLOR", true, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ["FORCE_COLOR=0", true, { FORCE_COLOR: "0" }, false],
  ["an empty FORCE_COLOR counts as unset", false, { FORCE_COLOR: "" }, false],
];

for (const [rule, isTerminal, environment, expected] of COLOURS) {
  test(`colours: ${rule}`, () => assert.equal(wantsColour(isTerminal, environment), expected));
}

test("stderr sink: a record is one line, in either format", async () => {
  for (const format of ["text", "json"] as const) {
    const written: string[] = [];
    const platform = { nowNs: () => 0n, writeStderr: (text: string) => void written.push(text) };
    const sink = createLogSink({ platform, format });
    sink.write(record("one\ntwo"));
    await sink.close(1000);
    sink.write(record("late"));
    assert.equal(written.length, 1);
    assert.equal(written[0]?.indexOf("\n"), (written[0]?.length ?? 0) - 1);
    assert.equal(sink.stats.written, 1);
    assert.equal(sink.stats.dropped, 1);
  }
});

test("stderr sink: a message that is too long is cut between characters, and counted", () => {
  const written: string[] = [];
  const platform = { nowNs: () => 0n, writeStderr: (text: string) => void written.push(text) };
  const sink = createLogSink({ platform });
  sink.write(record(`x${"\u{1f600}".repeat(MESSAGE_CHARACTERS_MAX)}`));
  assert.ok((written[0]?.length ?? 0) < MESSAGE_CHARACTERS_MAX + 50);
  assert.ok(written[0]?.endsWith("\u{1f600}…\n"));
  assert.equal(sink.stats.truncated, 1);
});

const DESTINATIONS: readonly (readonly [
  text: string,
  kind: string,
  host?: string,
  port?: number,
])[] = [
  ["stderr", "stderr"],
  ["syslog+udp://127.0.0.1:5514", "udp", "127.0.0.1", 5514],
  ["syslog+udp://logs.example", "udp", "logs.example", 514],
  ["syslog+tcp://logs.example:601/", "tcp", "logs.example", 601],
  ["syslog+tcp://[::1]:514", "tcp", "::1", 514],
];

for (const [text, kind, host, port] of DESTINATIONS) {
  test(`destination: ${text}`, () => {
    const address = host === undefined ? {} : { address: { kind: "tcp", host, port } };
    assert.deepEqual(parseDestination(text), { kind, ...address });
  });
}

const REFUSED = [
  "",
  "stdout",
  "syslog",
  "syslog://host",
  "syslog+unix:/dev/log",
  "syslog+udp:host",
  "syslog+udp://",
  "syslog+udp://host/path",
  "syslog+udp://host:port",
  "syslog+udp://host:70000",
  "syslog+tls://host",
];

for (const to of REFUSED) {
  test(`destination: refuses ${JSON.stringify(to)}`, () => {
    assert.throws(() => parseDestination(to), { name: "MonitorError" });
  });
}

test("sink: a runtime without the capability is refused at start", () => {
  const platform = { nowNs: () => 0n };
  for (const to of ["stderr", "syslog+udp://127.0.0.1", "syslog+tcp://127.0.0.1"]) {
    assert.throws(() => createLogSink({ platform, to }), { code: "OPTION_INVALID" });
  }
});

test("logs: a format that is neither text nor json is refused", () => {
  const format = "xml" as "json";
  assert.throws(() => createLogSink({ platform: nodePlatform, format }), {
    code: "OPTION_INVALID",
  });
});
