/**
 * The control language in strict mode, as the original has it: PROTOCOLS section 2, middle column.
 */
import { CoreFlag, FieldType, Outcome } from "../../assembly/abi";
import { configure, outcome } from "../../assembly/index";
import { clearGround } from "./fixture/ground";
import { addLog, addSource, run } from "./fixture/message";

describe("strict commands", () => {
  beforeAll(() => {
    clearGround();
    configure(0, CoreFlag.SortTags | CoreFlag.Strict, 100, 100);
    addSource("net", ["kind"], FieldType.Gauge);
    addSource("memory", [], FieldType.Gauge);
    addSource("disk", ["kind", "zone"], FieldType.Gauge);
    addLog("dns");
    addLog("tcp");
  });

  beforeEach(() => {
    run("Mtag:kind:off,tag:zone:off");
    run("M*:on");
    run("L*:info");
  });

  it("lists have the newest registration first", () => {
    expect(run("l*")).toBe("ok: *:info,tcp:info,dns:info");
    expect(run("m*")).toBe("ok: *:enabled,disk:enabled,memory:enabled,net:enabled");
    expect(run("mnet,disk,net")).toBe("ok: disk:enabled,net:enabled");
  });

  it("L with some sources sets every other to the default", () => {
    run("Ldns:debug");
    run("Ltcp:error");
    expect(run("l")).toBe("ok: *:info,tcp:error");
  });

  it("an unknown source is ignored, and the outcome says so", () => {
    expect(run("Lnope:debug,dns:debug")).toBe("ok");
    expect(outcome).toBe(Outcome.Changed | Outcome.UnknownIgnored);
    expect(run("l")).toBe("ok: *:info,dns:debug");
    expect(run("Mnope:off")).toBe("ok");
    expect(run("m")).toBe("ok: *:enabled");
  });

  it("too many colons do not parse", () => {
    expect(run("La:b:c")).toBe("error: Can't parse log threshold: a:b:c");
    expect(run("Ma:b:on")).toBe("error: couldn't decode metrics a:b:on");
  });

  it("white space is kept", () => {
    expect(run("l\n")).toBe("error: unknown source: \n");
    expect(run(" l")).toBe("error: unknown command");
    expect(run("?")).toBe("error: unknown command");
  });

  it("text in an error is quoted as OCaml quotes it", () => {
    expect(run('L"\\\n\t\r\b\u0001é')).toBe(
      'error: "\\"\\\\\\n\\t\\r\\b\\001\\195\\169": unknown log level',
    );
    expect(run("MMAYBE")).toBe("error: couldn't decode 'enable' or 'disable': maybe");
  });

  it("a tag command wipes every setting of a source", () => {
    run("Mnet:off,memory:off");
    run("Mtag:zone:on");
    expect(run("m*")).toBe(
      "ok: *:enabled,tag:zone:enabled,disk:enabled,memory:enabled,net:enabled",
    );
  });

  it("all off forgets the tags, all on keeps them", () => {
    run("Moff");
    run("Mtag:kind:on");
    expect(run("m")).toBe("ok: *:disabled,disk:enabled,net:enabled");
    run("Mon");
    expect(run("m*").includes("tag:kind:enabled")).toBe(true);
    run("Moff");
    expect(run("m*")).toBe("ok: *:disabled,disk:disabled,memory:disabled,net:disabled");
  });

  it("a tag switched off is forgotten, its sources follow the rest", () => {
    run("Moff");
    run("Mtag:kind:on,tag:zone:on");
    run("Mtag:kind:off");
    expect(run("m")).toBe("ok: *:disabled,disk:enabled");
  });

  it("there are no timed settings", () => {
    expect(run("Ldns:debug for 10m")).toBe('error: "debug for 10m": unknown log level');
  });
});
