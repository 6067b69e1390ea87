/**
 * Line protocol with every option the other way: no vm tag, no timestamps, tags as registered,
 * unsigned integers with `u`, and the original's keyword prefix.
 */
import { CoreFlag, FieldType } from "../../assembly/abi";
import { INPUT } from "../../assembly/bytes/input";
import { configure } from "../../assembly/index";
import { setInteger } from "../../assembly/metrics/cell";
import { registerSource } from "../../assembly/metrics/source";
import { clearGround, placeText } from "./fixture/ground";
import { addSeries, addSource, cellOf, lines, Message, run } from "./fixture/message";

/** Enables one source alone and returns its lines. */
function only(name: string): string {
  run("Moff");
  run(`M${name}:on`);
  return lines(5);
}

describe("line protocol, strict and bare", () => {
  beforeAll(() => {
    clearGround();
    store<u16>(INPUT, <u16>placeText(INPUT + 2, "all from select where write"));
    configure(0, CoreFlag.UnsignedSuffix | CoreFlag.Strict, 100, 100);
  });

  beforeEach(() => {
    run("Mon");
  });

  it("tags keep the order of registration, and there is no timestamp", () => {
    const message = new Message().source("sequence", ["zone", "kind"], 1);
    addSeries(registerSource(message.field(FieldType.Gauge, "v").byteCount), ["eu", "v4"]);
    expect(only("sequence")).toBe("sequence,zone=eu,kind=v4 v=0i\n");
  });

  it("without tags there is no comma", () => {
    const message = new Message().source("plain", [], 1).field(FieldType.Gauge, "v");
    addSeries(registerSource(message.byteCount), []);
    expect(only("plain")).toBe("plain v=0i\n");
  });

  it("an unsigned integer carries u, and does not saturate", () => {
    const source = addSource("wide", [], FieldType.U64);
    setInteger(cellOf(source, addSeries(source, [])), -1);
    expect(only("wide")).toBe("wide value=18446744073709551615u\n");
  });

  it("keywords of InfluxQL get an o before them, in tag values too", () => {
    const message = new Message()
      .source("select", ["from", "other"], 2)
      .field(FieldType.Gauge, "Write")
      .field(FieldType.Gauge, "selects");
    addSeries(registerSource(message.byteCount), ["ALL", "alle"]);
    expect(only("select")).toBe("oselect,ofrom=oALL,other=alle oWrite=0i,selects=0i\n");
  });
});
