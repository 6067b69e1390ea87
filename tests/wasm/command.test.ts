/**
 * Every reply of the control language (PROTOCOLS §2) in both modes: a row is a rule and a
 * conversation with a new core. Requests and replies are Latin-1, so that any byte can be written
 * down.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CommandFlag, CoreFlag, FieldType, LOGS_MAX, Outcome, Status } from "../../assembly/abi.js";
import { Core } from "./core.js";

type Exchange = readonly [command: string, reply: string];
type Row = readonly [rule: string, ...conversation: Exchange[]];

const VALUE = { key: "value", type: FieldType.Gauge };
const SECOND_NS = 1_000_000_000n;
const START_NS = 1_700_000_000n * SECOND_NS;
const UNKNOWN_COMMAND = "error: unknown command";
const ALL_ON = "ok: *:enabled,dns:enabled,memory:enabled,net:enabled";

/**
 * Sources net {kind}, dns {kind, zone}, memory {}; log sources net, dns, registered in that order.
 */
function openCore(flags: number): Core {
  const core = new Core(flags);
  core.source({ name: "net", tags: ["kind"], fields: [VALUE] });
  core.source({ name: "dns", tags: ["kind", "zone"], fields: [VALUE] });
  core.source({ name: "memory", fields: [VALUE] });
  core.log("net");
  core.log("dns");
  return core;
}

function say(core: Core, command: string, nowNs = START_NS, flags = 0): string {
  return core.command(Buffer.from(command, "latin1"), nowNs, flags);
}

const BOTH_MODES: readonly Row[] = [
  ["anything else", ["", UNKNOWN_COMMAND], ["x", UNKNOWN_COMMAND], ["help", UNKNOWN_COMMAND]],
  ["L<level>", ["Ldebug", "ok"], ["l", "ok: *:debug"]],
  ["L*:<level>", ["L*:quiet", "ok"], ["l", "ok: *:quiet"]],
  [
    "each level has a name",
    ["Lapp", "ok"],
    ["l", "ok: *:app"],
    ["Lerror", "ok"],
    ["l", "ok: *:error"],
    ["Lwarning", "ok"],
    ["l", "ok: *:warning"],
    ["Linfo", "ok"],
    ["l", "ok: *:info"],
  ],
  [
    "l lists what differs",
    ["l", "ok: *:info"],
    ["Ldns:debug", "ok"],
    ["l", "ok: *:info,dns:debug"],
  ],
  ["a source at the default is not listed", ["Ldns:info", "ok"], ["l", "ok: *:info"]],
  ["L of all sets every source", ["Ldns:debug", "ok"], ["Lerror", "ok"], ["ldns", "ok: dns:error"]],
  ["L: several all: last wins", ["Ldebug,*:app,error", "ok"], ["l", "ok: *:error"]],
  ["L: all, then sources", ["Ldns:debug,app", "ok"], ["l", "ok: *:app,dns:debug"]],
  ["L: the same source twice: first wins", ["Ldns:debug,dns:app", "ok"], ["ldns", "ok: dns:debug"]],
  [
    "levels are case-sensitive",
    ["LDebug", 'error: "Debug": unknown log level'],
    ["Ldns:INFO", 'error: "INFO": unknown log level'],
  ],
  [
    "no level",
    ["L", 'error: "": unknown log level'],
    ["Ldns:", 'error: "": unknown log level'],
    ["Linfo,", 'error: "": unknown log level'],
  ],
  [
    "%S escapes",
    ['La"b\\c', 'error: "a\\"b\\\\c": unknown log level'],
    ["La\tb\nc\rd\be", 'error: "a\\tb\\nc\\rd\\be": unknown log level'],
    ["L\x00\x1f\x7f\xe9\xff'", 'error: "\\000\\031\\127\\233\\255\'": unknown log level'],
  ],
  [
    "an error changes nothing: L",
    ["Ldebug,dns:app,net:loud", 'error: "loud": unknown log level'],
    ["l", "ok: *:info"],
  ],
  ["l of sources", ["ldns", "ok: dns:info"], ["lnope", "error: unknown source: nope"]],
  ["l of some unknown", ["ldns,nope,net", "error: unknown source: nope"]],
  [
    "m lists what differs",
    ["m", "ok: *:enabled"],
    ["Mdns:off", "ok"],
    ["m", "ok: *:enabled,dns:disabled"],
  ],
  ["m of sources", ["mdns", "ok: dns:enabled"], ["mnope", "error: unknown source: nope"]],
  ["Menable, Mon", ["Moff", "ok"], ["Menable", "ok"], ["m", "ok: *:enabled"], ["Mon", "ok"]],
  ["M*:disable", ["M*:disable", "ok"], ["m", "ok: *:disabled"], ["mnet", "ok: net:disabled"]],
  ["M*:on", ["Mdisable", "ok"], ["M*:on", "ok"], ["mnet", "ok: net:enabled"]],
  [
    "on and off in any case",
    ["MOFF", "ok"],
    ["m", "ok: *:disabled"],
    ["M*:EnAbLe", "ok"],
    ["m", "ok: *:enabled"],
  ],
  ["Msrc:<name>", ["Msrc:dns:off", "ok"], ["mdns", "ok: dns:disabled"]],
  ["M: several all: last wins", ["Moff,on,*:off,on", "ok"], ["m", "ok: *:enabled"]],
  [
    "M: the same source twice: first wins",
    ["Mdns:off,src:dns:on", "ok"],
    ["mdns", "ok: dns:disabled"],
  ],
  [
    "M: all, tags, sources in any order",
    ["Mdns:on,tag:kind:off,off", "ok"],
    ["mdns,net", "ok: dns:enabled,net:disabled"],
  ],
  ["no word for on or off", ["Mnet:maybe", "error: couldn't decode 'enable' or 'disable': maybe"]],
  [
    "what is no word is quoted in lower case",
    ["MMaYbE\xc9", "error: couldn't decode 'enable' or 'disable': maybe\xc9"],
    ["M", "error: couldn't decode 'enable' or 'disable': "],
    ["Mnet:on,", "error: couldn't decode 'enable' or 'disable': "],
  ],
  [
    "an error changes nothing: M",
    ["Moff,tag:kind:off,dns:off,net:x", "error: couldn't decode 'enable' or 'disable': x"],
    ["m*", "ALL"],
  ],
];

const DEFAULT_MODE: readonly Row[] = [
  [
    "white space around is trimmed",
    [" l \r\n", "ok: *:info"],
    ["\tLdebug\n", "ok"],
    ["  ", UNKNOWN_COMMAND],
  ],
  ["l* is sorted by name", ["Ldns:debug", "ok"], ["l*", "ok: *:info,dns:debug,net:info"]],
  ["a queried list keeps its order, each once", ["lnet,dns,net", "ok: net:info,dns:info"]],
  [
    "m of sources keeps its order",
    ["mnet,memory,dns", "ok: net:enabled,memory:enabled,dns:enabled"],
  ],
  ["m* is sorted by name", ["m*", ALL_ON]],
  [
    "L of some leaves the others",
    ["Lnet:app", "ok"],
    ["Ldns:debug", "ok"],
    ["l", "ok: *:info,dns:debug,net:app"],
  ],
  [
    "an unknown source is an error",
    ["Lnope:debug", "error: unknown source: nope"],
    ["Mnope:off", "error: unknown source: nope"],
    ["Mdns:off,src:nope:on,net:off", "error: unknown source: nope"],
    ["m", "ok: *:enabled"],
  ],
  [
    "the last colon separates name and value",
    ["Ma:b:on", "error: unknown source: a:b"],
    ["La:b:info", "error: unknown source: a:b"],
    ["La:b:c", 'error: "c": unknown log level'],
    ["Msrc:a:b:on", "error: unknown source: a:b"],
    ["Mtag:on", "error: unknown source: tag"],
  ],
  [
    "a tag sets every source that bears it and is remembered",
    ["Mtag:kind:off", "ok"],
    ["m*", "ok: *:enabled,tag:kind:disabled,dns:disabled,memory:enabled,net:disabled"],
    ["m", "ok: *:enabled,dns:disabled,net:disabled"],
    ["Mtag:zone:on", "ok"],
    [
      "m*",
      "ok: *:enabled,tag:kind:disabled,tag:zone:enabled,dns:enabled,memory:enabled,net:disabled",
    ],
  ],
  [
    "a tag that nobody bears is remembered",
    ["Mtag:colour:on,tag:age:off", "ok"],
    [
      "m*",
      "ok: *:enabled,tag:age:disabled,tag:colour:enabled,dns:enabled,memory:enabled,net:enabled",
    ],
  ],
  [
    "the same tag twice: first wins",
    ["Mtag:kind:off,tag:kind:on", "ok"],
    ["mnet", "ok: net:disabled"],
  ],
  ["all forgets tags", ["Mtag:kind:off", "ok"], ["Mon", "ok"], ["m*", ALL_ON]],
  ["all wipes sources", ["Mdns:off", "ok"], ["Mon", "ok"], ["m", "ok: *:enabled"]],
  [
    "tags wipe only who bears them",
    ["Mmemory:off,net:off", "ok"],
    ["Mtag:kind:on", "ok"],
    ["m", "ok: *:enabled,memory:disabled"],
  ],
  [
    "a duration must be one",
    ["Ldns:debug for 5", "error: couldn't decode duration: 5"],
    ["Mdns:off for 0s", "error: couldn't decode duration: 0s"],
    ["Mdns:off for 5d", "error: couldn't decode duration: 5d"],
    ["m", "ok: *:enabled"],
  ],
];

const STRICT_MODE: readonly Row[] = [
  ["white space is kept", ["l\n", "error: unknown source: \n"], [" l", UNKNOWN_COMMAND]],
  ["l* is newest first", ["Ldns:debug", "ok"], ["l*", "ok: *:info,dns:debug,net:info"]],
  ["a queried list is newest first, each once", ["lnet,dns,net", "ok: dns:info,net:info"]],
  [
    "m of sources is newest first",
    ["mnet,memory,dns", "ok: memory:enabled,dns:enabled,net:enabled"],
  ],
  ["m* is newest first", ["m*", "ok: *:enabled,memory:enabled,dns:enabled,net:enabled"]],
  [
    "L of some resets the others",
    ["Lnet:app", "ok"],
    ["Ldns:debug", "ok"],
    ["l", "ok: *:info,dns:debug"],
  ],
  [
    "an unknown source is ignored",
    ["Lnope:debug", "ok"],
    ["Mnope:off,dns:off", "ok"],
    ["m", "ok: *:enabled,dns:disabled"],
  ],
  [
    "L: three parts",
    ["La:b:c", "error: Can't parse log threshold: a:b:c"],
    ["La:b:info", "error: Can't parse log threshold: a:b:info"],
  ],
  [
    "M: three parts",
    ["Ma:b:on", "error: couldn't decode metrics a:b:on"],
    ["Msrc:a:b:on", "error: couldn't decode metrics src:a:b:on"],
    ["Mtag:a:b:on", "error: couldn't decode metrics tag:a:b:on"],
  ],
  [
    "no help, no durations",
    ["?", UNKNOWN_COMMAND],
    ["Ldns:debug for 10m", 'error: "debug for 10m": unknown log level'],
  ],
  [
    "off forgets tags, on keeps them",
    ["Mtag:zone:on,tag:kind:on", "ok"],
    [
      "m*",
      "ok: *:enabled,tag:kind:enabled,tag:zone:enabled,memory:enabled,dns:enabled,net:enabled",
    ],
    ["Mon", "ok"],
    [
      "m*",
      "ok: *:enabled,tag:kind:enabled,tag:zone:enabled,memory:enabled,dns:enabled,net:enabled",
    ],
    ["Moff", "ok"],
    ["m*", "ok: *:disabled,memory:disabled,dns:disabled,net:disabled"],
  ],
  [
    "an enabled tag enables who bears it",
    ["Moff", "ok"],
    ["Mtag:zone:on", "ok"],
    ["m*", "ok: *:disabled,tag:zone:enabled,memory:disabled,dns:enabled,net:disabled"],
    ["Mtag:kind:on", "ok"],
    ["m", "ok: *:disabled,dns:enabled,net:enabled"],
  ],
  [
    "off only forgets the tag",
    ["Moff,tag:zone:on,tag:kind:on", "ok"],
    ["Mtag:kind:off", "ok"],
    ["m*", "ok: *:disabled,tag:zone:enabled,memory:disabled,dns:enabled,net:disabled"],
    ["Mon", "ok"],
    ["Mtag:kind:off", "ok"],
    ["mnet", "ok: net:enabled"],
  ],
  ["tags wipe every source", ["Mmemory:off", "ok"], ["Mtag:kind:on", "ok"], ["m", "ok: *:enabled"]],
  ["sources come last", ["Mnet:on,off", "ok"], ["m", "ok: *:disabled,net:enabled"]],
];

function converse(mode: string, flags: number, rows: readonly Row[]): void {
  for (const [rule, ...conversation] of rows) {
    test(`${mode}: ${rule}`, () => {
      const core = openCore(flags);
      for (const [command, reply] of conversation) {
        const expected = reply === "ALL" ? say(openCore(flags), command) : reply;
        assert.equal(say(core, command), expected, command);
        const outcome = core.exports.outcome.value;
        assert.equal((outcome & Outcome.Failed) !== 0, reply.startsWith("error: "), command);
        assert.equal((outcome & Outcome.Changed) !== 0, reply === "ok", command);
      }
    });
  }
}

describe("replies", () => {
  converse("default", 0, [...BOTH_MODES, ...DEFAULT_MODE]);
  converse("strict", CoreFlag.Strict, [...BOTH_MODES, ...STRICT_MODE]);

  test("default: ? explains every form", () => {
    const reply = say(openCore(0), "?");
    for (const form of ["L", "l", "M", "m", "tag:", "debug", " for "])
      assert.ok(reply.includes(form));
    assert.ok(reply.startsWith("ok: ") && !reply.includes("\n"));
  });

  test("strict: an ignored source shows in the outcome", () => {
    const core = openCore(CoreFlag.Strict);
    say(core, "Lnope:debug,dns:debug");
    assert.equal(core.exports.outcome.value, Outcome.Changed | Outcome.UnknownIgnored);
    say(core, "Ldns:debug");
    assert.equal(core.exports.outcome.value, Outcome.Changed);
  });
});

/**
 * A row: seconds since the start, a command, its reply, and the deadline after it in seconds (0 =
 * none).
 */
type TimedRow = readonly [afterS: number, command: string, reply: string, deadlineS: number];

const TIMED: Readonly<Record<string, readonly TimedRow[]>> = {
  "a level reverts by itself": [
    [0, "Ldns:debug for 10m", "ok", 600],
    [18, "l", "ok: *:info,dns:debug for 582s", 600],
    [599, "ldns", "ok: dns:debug for 1s", 600],
    [600, "l", "ok: *:info", 0],
  ],
  "what is left is rounded up": [
    [0, "Mdns:off for 2s", "ok", 2],
    [0.5, "mdns", "ok: dns:disabled for 2s", 2],
    [1.5, "mdns", "ok: dns:disabled for 1s", 2],
    [2, "mdns", "ok: dns:enabled", 0],
  ],
  "the value before the first timed command comes back": [
    [0, "Ldns:app", "ok", 0],
    [1, "Ldns:debug for 1h", "ok", 3601],
    [2, "Ldns:error for 10s", "ok", 12],
    [12, "ldns", "ok: dns:app", 0],
  ],
  "a later command cancels the timer": [
    [0, "Ldns:debug for 10s", "ok", 10],
    [1, "Ldns:debug", "ok", 0],
    [11, "ldns", "ok: dns:debug", 0],
  ],
  "all for a while reverts each source": [
    [0, "Ldns:app", "ok", 0],
    [0, "Ldebug for 5s", "ok", 5],
    [1, "l*", "ok: *:debug for 4s,dns:debug for 4s,net:debug for 4s", 5],
    [5, "l*", "ok: *:info,dns:app,net:info", 0],
  ],
  "sources for a while, some kept by a later command": [
    [0, "Moff for 5s", "ok", 5],
    [1, "Mnet:on", "ok", 5],
    [2, "m", "ok: *:disabled for 3s,net:enabled", 5],
    [5, "m", "ok: *:enabled", 0],
  ],
  "a tag for a while": [
    [0, "Mtag:zone:off for 5s", "ok", 5],
    [
      1,
      "m*",
      "ok: *:enabled,tag:zone:disabled for 4s,dns:disabled for 4s,memory:enabled,net:enabled",
      5,
    ],
    [5, "m*", ALL_ON, 0],
  ],
  "all for a while brings tags back": [
    [0, "Mtag:zone:off", "ok", 0],
    [0, "Mon for 5s", "ok", 5],
    [5, "m*", "ok: *:enabled,tag:zone:disabled,dns:disabled,memory:enabled,net:enabled", 0],
  ],
  "the soonest deadline counts": [
    [0, "Ldns:debug for 10s", "ok", 10],
    [0, "Mnet:off for 7s", "ok", 7],
    [8, "m", "ok: *:enabled", 10],
  ],
  "a timer is what differs, too": [
    [0, "Ldns:info for 10s", "ok", 10],
    [0, "l", "ok: *:info,dns:info for 10s", 10],
  ],
};

describe("timed settings", () => {
  for (const [rule, rows] of Object.entries(TIMED)) {
    test(rule, () => {
      const core = openCore(0);
      for (const [afterS, command, reply, deadlineS] of rows) {
        const nowNs = START_NS + BigInt(afterS * 1e9);
        assert.equal(say(core, command, nowNs), reply, command);
        const expected = deadlineS === 0 ? 0n : START_NS + BigInt(deadlineS) * SECOND_NS;
        assert.equal(core.exports.expire(0n), expected, command);
      }
    });
  }

  test("an encoding reverts what is due", () => {
    const core = openCore(0);
    const memory = core.source({ name: "heap", fields: [VALUE] });
    core.series(memory);
    say(core, "Mheap:off for 5s");
    assert.equal(core.influx(START_NS + 4n * SECOND_NS), "");
    assert.equal(core.influx(START_NS + 5n * SECOND_NS), "heap value=0i\n");
  });

  test("who registers meanwhile reverts with the others", () => {
    const core = openCore(0);
    say(core, "Moff for 5s");
    say(core, "Mtag:colour:on for 5s");
    core.source({ name: "late", fields: [VALUE] });
    core.source({ name: "red", tags: ["colour"], fields: [VALUE] });
    assert.equal(say(core, "mlate,red"), "ok: late:disabled for 5s,red:enabled for 5s");
    assert.equal(say(core, "mlate,red", START_NS + 5n * SECOND_NS), "ok: late:enabled,red:enabled");
  });

  test("a tag enabled for a while does not stay enabled", () => {
    const core = openCore(0);
    say(core, "Moff");
    say(core, "Mtag:colour:on for 5s");
    core.source({ name: "red", tags: ["colour"], fields: [VALUE] });
    assert.equal(say(core, "mred", START_NS + 5n * SECOND_NS), "ok: red:disabled");
  });
});

/** New sources with tags a and b, after some commands: the state of each. */
const STARTS: readonly (readonly [rule: string, flags: number, commands: string[], on: boolean])[] =
  [
    ["all on", 0, [], true],
    ["all off", 0, ["Moff"], false],
    ["one of its tags on", 0, ["Moff", "Mtag:b:on"], true],
    ["one of its tags off", 0, ["Mtag:b:off"], false],
    ["one on, one off", 0, ["Mtag:a:off", "Mtag:b:on"], true],
    ["another tag on", 0, ["Moff", "Mtag:c:on"], false],
    ["a tag forgotten by all", 0, ["Mtag:b:on", "Moff"], false],
    ["strict, all on", CoreFlag.Strict, ["Mtag:b:off"], true],
    ["strict, a tag on", CoreFlag.Strict, ["Moff", "Mtag:b:on"], true],
    ["strict, a tag forgotten", CoreFlag.Strict, ["Mtag:b:on", "Moff"], false],
  ];

describe("a new source starts", () => {
  for (const [rule, flags, commands, on] of STARTS) {
    test(`${on ? "enabled" : "disabled"}: ${rule}`, () => {
      const core = openCore(flags);
      for (const command of commands) assert.equal(say(core, command), "ok");
      core.source({ name: "new", tags: ["a", "b"], fields: [VALUE] });
      assert.equal(say(core, "mnew"), `ok: new:${on ? "enabled" : "disabled"}`);
    });
  }

  test("with the default level, and keeps it", () => {
    const core = openCore(0);
    say(core, "Lerror,dns:debug");
    core.log("late");
    assert.equal(say(core, "l*"), "ok: *:error,dns:debug,late:error,net:error");
  });
});

describe("start-up settings", () => {
  for (const flags of [0, CoreFlag.Strict]) {
    const mode = flags ? "strict" : "default";
    test(`${mode}: unknown names are kept until they register`, () => {
      const core = openCore(flags);
      assert.equal(say(core, "M*:off,heap:on", START_NS, CommandFlag.KeepUnknown), "ok");
      assert.equal(say(core, "Lerror,http:debug", START_NS, CommandFlag.KeepUnknown), "ok");
      assert.equal(core.exports.outcome.value, Outcome.Changed);
      assert.equal(say(core, "mheap"), "error: unknown source: heap");
      assert.equal(say(core, "lhttp"), "error: unknown source: http");
      assert.equal(say(core, "m"), "ok: *:disabled");
      const heap = core.source({ name: "heap", tags: ["a"], fields: [VALUE] });
      assert.ok(heap > 0);
      assert.ok(core.log("http") > 0);
      assert.equal(say(core, "m"), "ok: *:disabled,heap:enabled");
      assert.equal(say(core, "l"), "ok: *:error,http:debug");
      core.series(heap, "x");
      assert.equal(core.influx(), "heap,a=x value=0i\n");
    });
  }

  test("an unknown name is still unknown to later commands", () => {
    const core = openCore(0);
    say(core, "Mheap:off", START_NS, CommandFlag.KeepUnknown);
    assert.equal(say(core, "Mheap:on"), "error: unknown source: heap");
    core.source({ name: "heap", fields: [VALUE] });
    assert.equal(say(core, "mheap"), "ok: heap:disabled");
  });

  test("a kept setting for a while reverts to what all are", () => {
    const core = openCore(0);
    say(core, "Ldebug");
    say(core, "Lhttp:app for 5s", START_NS, CommandFlag.KeepUnknown);
    core.log("http");
    assert.equal(say(core, "l"), "ok: *:debug,http:app for 5s");
    assert.equal(say(core, "l", START_NS + 5n * SECOND_NS), "ok: *:debug");
  });
});

describe("limits of commands", () => {
  test("a name that was kept counts once when it registers", () => {
    const core = openCore(0);
    say(core, "Lhttp:debug", START_NS, CommandFlag.KeepUnknown);
    assert.ok(core.log("http") > 0);
    let count = Number(say(core, "l*").split(",").length) - 1;
    while (count < LOGS_MAX) {
      assert.ok(core.log(`z${1e5 - count}`) > 0, `${count} log sources`);
      count++;
    }
    assert.equal(core.log("one more"), Status.LimitReached);
  });

  test("65,536 bytes are understood, and quoted whole", () => {
    const core = openCore(0);
    const command = `L${"\xff".repeat(65535)}`;
    assert.equal(say(core, command), `error: "${"\\255".repeat(65535)}": unknown log level`);
  });

  test("tag settings are bounded; one too many is ignored and shows in the outcome", () => {
    const core = openCore(0);
    for (let index = 0; index < 1000; index++) say(core, `Mtag:t${index}:on`);
    assert.equal(core.exports.outcome.value, Outcome.Changed);
    assert.equal(say(core, "Mtag:more:on"), "ok");
    assert.equal(core.exports.outcome.value, Outcome.Changed | Outcome.UnknownIgnored);
  });
});
