/**
 * The control language in its default mode: PROTOCOLS section 2, right column.
 */
import { CoreFlag, FieldType, Level, LOG_LEVEL_OFFSET, Outcome } from "../../assembly/abi";
import { configure, expire, outcome } from "../../assembly/index";
import { clearGround } from "./fixture/ground";
import { addLog, addSource, run } from "./fixture/message";

const SECOND: u64 = 1000000000;

let dns = 0;

/** Everything on, all levels info, no tags. */
function reset(): void {
  run("M*:on");
  run("L*:info");
}

describe("commands", () => {
  beforeAll(() => {
    clearGround();
    configure(0, CoreFlag.SortTags, 100, 100);
    addSource("net", ["kind"], FieldType.Gauge);
    addSource("memory", [], FieldType.Gauge);
    addSource("a:b", ["kind", "zone"], FieldType.Gauge);
    dns = addLog("dns");
    addLog("tcp");
  });

  beforeEach(() => {
    reset();
  });

  it("l lists the default and the sources that differ, l* all, sorted by name", () => {
    expect(run("l")).toBe("ok: *:info");
    expect(run("Ldns:debug")).toBe("ok");
    expect(run("l")).toBe("ok: *:info,dns:debug");
    expect(run("l*")).toBe("ok: *:info,dns:debug,tcp:info");
  });

  it("l with names answers in the query's order, each once", () => {
    expect(run("ltcp,dns,tcp")).toBe("ok: tcp:info,dns:info");
    expect(run("ldns,nope")).toBe("error: unknown source: nope");
  });

  it("L with some sources leaves the others as they are", () => {
    run("Ltcp:error");
    run("Ldns:debug");
    expect(run("l")).toBe("ok: *:info,dns:debug,tcp:error");
  });

  it("L for all sets every source", () => {
    run("Ldns:debug");
    expect(run("Lwarning")).toBe("ok");
    expect(run("l*")).toBe("ok: *:warning,dns:warning,tcp:warning");
    expect(run("L*:app")).toBe("ok");
    expect(run("l")).toBe("ok: *:app");
  });

  it("a threshold decides at once what passes", () => {
    expect(load<u32>(dns, LOG_LEVEL_OFFSET)).toBe(Level.Info);
    run("Ldns:quiet");
    expect(load<u32>(dns, LOG_LEVEL_OFFSET)).toBe(Level.Quiet);
    run("Ldns:debug");
    expect(load<u32>(dns, LOG_LEVEL_OFFSET)).toBe(Level.Debug);
  });

  it("of several all-items the last wins, of a repeated name the first", () => {
    run("Linfo,error");
    expect(run("l")).toBe("ok: *:error");
    run("Ldns:debug,dns:quiet");
    expect(run("ldns")).toBe("ok: dns:debug");
  });

  it("an unknown level is quoted, and nothing is applied", () => {
    expect(run('Ldns:debug,tcp:lo"d')).toBe('error: "lo\\"d": unknown log level');
    expect(outcome).toBe(Outcome.Failed);
    expect(run("LINFO")).toBe('error: "INFO": unknown log level');
    expect(run("L")).toBe('error: "": unknown log level');
    expect(run("l")).toBe("ok: *:info");
  });

  it("an unknown source is an error, and nothing is applied", () => {
    expect(run("Ldns:debug,nope:info")).toBe("error: unknown source: nope");
    expect(run("Mnet:off,nope:on")).toBe("error: unknown source: nope");
    expect(run("l")).toBe("ok: *:info");
    expect(run("m")).toBe("ok: *:enabled");
  });

  it("M knows four words in any case", () => {
    expect(run("Mdisable")).toBe("ok");
    expect(run("m")).toBe("ok: *:disabled");
    expect(run("M*:ON")).toBe("ok");
    expect(run("m")).toBe("ok: *:enabled");
    run("MOff");
    expect(run("m")).toBe("ok: *:disabled");
    run("Menable");
    expect(run("m*")).toBe("ok: *:enabled,a:b:enabled,memory:enabled,net:enabled");
    expect(run("Mnet:MAYBE")).toBe("error: couldn't decode 'enable' or 'disable': maybe");
  });

  it("a source is named plainly or with src:, its name may hold colons", () => {
    run("Mnet:off,src:a:b:off");
    expect(run("m")).toBe("ok: *:enabled,a:b:disabled,net:disabled");
    run("Ma:b:on");
    expect(run("ma:b,net")).toBe("ok: a:b:enabled,net:disabled");
  });

  it("a tag sets the sources that bear it, and is remembered", () => {
    expect(run("Mtag:kind:off")).toBe("ok");
    expect(run("m")).toBe("ok: *:enabled,a:b:disabled,net:disabled");
    expect(run("m*")).toBe(
      "ok: *:enabled,tag:kind:disabled,a:b:disabled,memory:enabled,net:disabled",
    );
    run("Moff");
    expect(run("m*")).toBe("ok: *:disabled,a:b:disabled,memory:disabled,net:disabled");
  });

  it("M is applied as all, then tags, then sources, whatever the order", () => {
    run("Mnet:on,tag:kind:off,on");
    expect(run("m")).toBe("ok: *:enabled,a:b:disabled");
    run("Mmemory:on,off");
    expect(run("m")).toBe("ok: *:disabled,memory:enabled");
  });

  it("an empty list of names is the short form", () => {
    expect(run("m")).toBe("ok: *:enabled");
    expect(run("mnope")).toBe("error: unknown source: nope");
  });

  it("white space around a command is no part of it", () => {
    expect(run(" l \r\n")).toBe("ok: *:info");
    expect(run("\tLdns:debug\n")).toBe("ok");
  });

  it("anything else is an unknown command", () => {
    expect(run("")).toBe("error: unknown command");
    expect(run("hello")).toBe("error: unknown command");
    expect(run("?").startsWith("ok: ")).toBe(true);
  });

  it("a setting for a time reverts by itself to the value before the first", () => {
    expect(run("Ldns:debug for 10m", 5 * SECOND)).toBe("ok");
    expect(expire(0)).toBe(605 * SECOND);
    expect(run("l", 23 * SECOND)).toBe("ok: *:info,dns:debug for 582s");
    run("Ldns:error for 2s", 23 * SECOND);
    expect(expire(0)).toBe(25 * SECOND);
    expire(25 * SECOND - 1);
    expect(run("ldns", 25 * SECOND - 1)).toBe("ok: dns:error for 1s");
    expect(expire(25 * SECOND)).toBe(0);
    expect(run("ldns", 25 * SECOND)).toBe("ok: dns:info");
    expect(expire(0)).toBe(0);
  });

  it("a later setting cancels the timer", () => {
    run("Mnet:off for 1h", 0);
    run("Mnet:off", SECOND);
    expect(expire(0)).toBe(0);
    expire(7200 * SECOND);
    expect(run("mnet", 7200 * SECOND)).toBe("ok: net:disabled");
  });

  it("a time that is none is an error, and nothing is applied", () => {
    const REPLY = "error: couldn't decode duration: ";
    expect(run("Ldns:debug for 10d").startsWith(REPLY)).toBe(true);
    expect(run("Ldns:debug for 0s").startsWith(REPLY)).toBe(true);
    expect(run("Ldns:debug for 99999999999999999999h").startsWith(REPLY)).toBe(true);
    expect(run("l")).toBe("ok: *:info");
  });
});
