/**
 * The parts of the trace writer by themselves: integers, tables of names, the backtrace codec,
 * packets and the sampler. What they make together is compared with memtrace's own traces
 * elsewhere.
 */
import { AllocationSource, TraceOutput, TraceStatus } from "../../assembly/memtrace/abi";
import { clearCache, codeCount, missCount, putBacktrace } from "../../assembly/memtrace/backtrace";
import { BACKTRACE, INPUT, LOCATION_PACKET, MISSES, OUTPUT } from "../../assembly/memtrace/layout";
import { clearNames, findDefinition, findFile } from "../../assembly/memtrace/name-table";
import { countSamples, startSampler } from "../../assembly/memtrace/sampler";
import { putVint } from "../../assembly/memtrace/vint";
import { begin, explain, flush, putAllocation, putCollect } from "../../assembly/memtrace/writer";

/** Room to write to. */
const ROOM: usize = memory.data(8192);

/** Bytes in hexadecimal. */
function hex(start: usize, end: usize): string {
  let text = "";
  for (let at = start; at < end; at++) {
    text += (load<u8>(at) < 16 ? "0" : "") + load<u8>(at).toString(16);
  }
  return text;
}

function vint(value: u64): string {
  return hex(ROOM, putVint(ROOM, value));
}

/** The codes of some frames, caller first, as allocation `id` writes them. */
function backtrace(id: u64, frames: StaticArray<u64>): string {
  for (let index = 0; index < frames.length; index++) {
    store<u64>(BACKTRACE + ((<usize>index) << 3), frames[index]);
  }
  const end = BACKTRACE + ((<usize>frames.length) << 3);
  return hex(ROOM, putBacktrace(ROOM, BACKTRACE, end, id));
}

/** Writes a name to the input; its file's index. */
function file(number: u32): u32 {
  store<u32>(INPUT, number);
  return findFile(INPUT, 4);
}

function definition(number: u32): u32 {
  store<u32>(INPUT, number);
  return findDefinition(INPUT, 4);
}

function beginTrace(): i32 {
  return begin(1, 32, -1, 1000, 0, 0, 0, 0);
}

function allocateAt(timeUs: f64, code: u32): i32 {
  store<u32>(INPUT, code);
  return putAllocation(timeUs, 1, 1, AllocationSource.External, 1);
}

describe("vint", () => {
  it("is one byte up to 252", () => {
    expect(vint(0)).toBe("00");
    expect(vint(252)).toBe("fc");
  });

  it("is 253 and two bytes up to 65,535", () => {
    expect(vint(253)).toBe("fdfd00");
    expect(vint(65535)).toBe("fdffff");
  });

  it("is 254 and four bytes up to 2^31 - 1: they are signed", () => {
    expect(vint(65536)).toBe("fe00000100");
    expect(vint(0x7fffffff)).toBe("feffffff7f");
  });

  it("is 255 and eight bytes beyond", () => {
    expect(vint(0x80000000)).toBe("ff0000008000000000");
  });
});

describe("backtrace codec", () => {
  beforeEach(() => {
    clearCache();
  });

  it("a new code is a miss: its bucket, and the code itself", () => {
    // Its second bucket, 0xfdea731 >> 21 & 0x3fff = 0x7e: both are as old. 0x7e << 2 | 3.
    expect(backtrace(0, [1])).toBe("fb010100000000000000");
    expect(missCount).toBe(1);
    expect(load<u64>(MISSES)).toBe(1);
  });

  it("a known code is its bucket, and predicts the ones that came after it", () => {
    backtrace(0, [1, 2, 3]);
    const first = backtrace(1, [1, 2, 3]);
    expect(first.length).toBe(6);
    expect(codeCount).toBe(1);
    expect(missCount).toBe(0);
  });

  it("a wrong prediction is written, and is right the next time", () => {
    backtrace(0, [1, 2, 3, 4]);
    backtrace(1, [1, 3, 4]);
    expect(codeCount).toBe(2);
    backtrace(2, [1, 3, 4]);
    expect(codeCount).toBe(1);
  });

  it("a run ends after 255 right predictions", () => {
    const frames = new StaticArray<u64>(600);
    for (let index = 0; index < 600; index++) frames[index] = 7;
    backtrace(0, frames);
    backtrace(1, frames);
    expect(codeCount).toBe(3);
  });
});

describe("tables of names", () => {
  beforeEach(() => {
    clearNames();
  });

  it("a new name has index 31, a known one its distance from the front", () => {
    expect(file(1)).toBe(31);
    expect(file(2)).toBe(31);
    expect(file(1)).toBe(1);
    expect(file(1)).toBe(0);
  });

  it("the 32nd name pushes out the one that was not used for longest", () => {
    for (let number: u32 = 1; number <= 31; number++) file(number);
    file(1);
    file(32);
    expect(file(1)).toBe(1);
    expect(file(2)).toBe(31);
  });

  it("definitions belong to a file, and go with it", () => {
    file(1);
    expect(definition(5)).toBe(31);
    file(2);
    expect(definition(5)).toBe(31);
    file(1);
    expect(definition(5)).toBe(0);
    for (let number: u32 = 100; number < 131; number++) file(number);
    file(1);
    expect(definition(5)).toBe(31);
  });
});

describe("writer", () => {
  it("refuses a rate, a word size, a time that are none", () => {
    expect(begin(0, 32, 0, 0, 0, 0, 0, 0)).toBe(TraceStatus.InfoInvalid);
    expect(begin(1, 0, 0, 0, 0, 0, 0, 0)).toBe(TraceStatus.InfoInvalid);
    expect(begin(1, 32, 0, -1, 0, 0, 0, 0)).toBe(TraceStatus.TimeInvalid);
    expect(begin(1, 32, 0, 0, 0, 0, 0, 32676)).toBe(TraceStatus.InfoTooLong);
  });

  it("a result says how many codes to explain, and whether to emit", () => {
    expect(beginTrace()).toBe(1);
    expect(allocateAt(1000, 5)).toBe(2);
    expect(explain(0, 256, 0)).toBe(0);
    expect(allocateAt(1000, 5)).toBe(0);
    expect(allocateAt(31000, 5)).toBe(0);
    expect(allocateAt(30001001, 5)).toBe(1);
    expect(load<u32>(OUTPUT, TraceOutput.LocationBytes << 2)).toBe(68 + 4 + 9 + 6 + 10 + 3);
    expect(load<u32>(LOCATION_PACKET)).toBe(0xc1fc1fc1);
  });

  it("takes ids that exist, and no others", () => {
    beginTrace();
    expect(putCollect(1000, 0)).toBe(TraceStatus.IdInvalid);
    allocateAt(1000, 5);
    expect(putCollect(1000, 0)).toBe(0);
    expect(putCollect(1000, 1)).toBe(TraceStatus.IdInvalid);
  });

  it("a flush is an empty packet when nothing is pending", () => {
    beginTrace();
    expect(flush()).toBe(1);
    expect(load<u32>(OUTPUT, TraceOutput.EventBytes << 2)).toBe(68);
    expect(load<u32>(OUTPUT, TraceOutput.LocationBytes << 2)).toBe(0);
  });
});

describe("sampler", () => {
  it("rate 1 samples every word", () => {
    expect(startSampler(1, -0.0, 1)).toBe(1);
    expect(countSamples(0)).toBe(1);
    startSampler(1, -0.0, 1);
    expect(countSamples(999999999)).toBe(1000000000);
  });
});
