/**
 * Arena, input cursor, and the writers of numbers. That doubles print as JavaScript prints them is
 * proved on ten million values through the built wasm; here stand the rules by name.
 */
import { INPUT_BYTES_MAX } from "../../assembly/abi";
import {
  allocate,
  allocateZeroed,
  arenaMark,
  arenaRelease,
  reserve,
} from "../../assembly/bytes/arena";
import { ascii } from "../../assembly/bytes/ascii";
import { putDouble } from "../../assembly/bytes/double";
import {
  endInput,
  INPUT,
  inputFailed,
  openInput,
  readF64,
  readText,
  readU8,
  readU16,
} from "../../assembly/bytes/input";
import { putSigned, putUnsigned } from "../../assembly/bytes/integer";
import { putByte, putBytes, putText } from "../../assembly/bytes/put";
import { clearGround, placeText, textBetween } from "./fixture/ground";

const page: usize = heap.alloc(4096);

function double(value: f64): string {
  return textBetween(page, putDouble(page, value));
}

function unsigned(value: u64): string {
  return textBetween(page, putUnsigned(page, value));
}

function signed(value: i64): string {
  return textBetween(page, putSigned(page, value));
}

describe("doubles", () => {
  it("an integer has no fraction", () => {
    expect(double(0)).toBe("0");
    expect(double(-0.0)).toBe("0");
    expect(double(1)).toBe("1");
    expect(double(-17)).toBe("-17");
    expect(double(9007199254740991)).toBe("9007199254740991");
  });

  it("a short decimal prints as it was written", () => {
    expect(double(0.1)).toBe("0.1");
    expect(double(0.001)).toBe("0.001");
    expect(double(-2.5)).toBe("-2.5");
    expect(double(0.000001)).toBe("0.000001");
    expect(double(123456.789)).toBe("123456.789");
  });

  it("a long decimal has the fewest digits that read back", () => {
    expect(double(0.1 + 0.2)).toBe("0.30000000000000004");
    expect(double(1.0 / 3.0)).toBe("0.3333333333333333");
    expect(double(Math.PI)).toBe("3.141592653589793");
  });

  it("an exponent appears from 1e21 on and below 1e-6", () => {
    expect(double(1e20)).toBe("100000000000000000000");
    expect(double(1.2345678901234568e20)).toBe("123456789012345680000");
    expect(double(1e21)).toBe("1e+21");
    expect(double(1.5e300)).toBe("1.5e+300");
    expect(double(1e-6)).toBe("0.000001");
    expect(double(1e-7)).toBe("1e-7");
    expect(double(1.25e-7)).toBe("1.25e-7");
  });

  it("the ends of the range print", () => {
    expect(double(f64.MAX_VALUE)).toBe("1.7976931348623157e+308");
    expect(double(2.2250738585072014e-308)).toBe("2.2250738585072014e-308");
    expect(double(5e-324)).toBe("5e-324");
  });

  it("what is not finite prints as Prometheus has it", () => {
    expect(double(NaN)).toBe("NaN");
    expect(double(Infinity)).toBe("+Inf");
    expect(double(-Infinity)).toBe("-Inf");
  });
});

describe("integers", () => {
  it("every length prints, with zeros inside and at the end", () => {
    expect(unsigned(0)).toBe("0");
    expect(unsigned(7)).toBe("7");
    expect(unsigned(10)).toBe("10");
    expect(unsigned(90071)).toBe("90071");
    expect(unsigned(99999999)).toBe("99999999");
    expect(unsigned(100000000)).toBe("100000000");
    expect(unsigned(1000000010000000)).toBe("1000000010000000");
    expect(unsigned(10000000000000000)).toBe("10000000000000000");
    expect(unsigned(u64.MAX_VALUE)).toBe("18446744073709551615");
  });

  it("a negative has its sign, the smallest too", () => {
    expect(signed(-1)).toBe("-1");
    expect(signed(i64.MAX_VALUE)).toBe("9223372036854775807");
    expect(signed(i64.MIN_VALUE)).toBe("-9223372036854775808");
  });
});

describe("writers", () => {
  it("bytes and literals return the address behind them", () => {
    const source = page + 1024;
    const byteCount = placeText(source, "seventeen letters");
    let at = putBytes(page, source, byteCount);
    at = putByte(at, 0x3d);
    at = putText(at, ascii("ok"));
    expect(textBetween(page, at)).toBe("seventeen letters=ok");
  });

  it("no bytes write nothing", () => {
    expect(putBytes(page, page + 1024, 0)).toBe(page);
    expect(putText(page, ascii(""))).toBe(page);
  });
});

describe("the input", () => {
  it("reads numbers and counted texts in order", () => {
    store<u8>(INPUT, 7);
    store<u16>(INPUT + 1, 2);
    store<u16>(INPUT + 3, 0x6968);
    store<f64>(INPUT + 5, 2.5);
    openInput(13);
    expect(readU8()).toBe(7);
    const text = readText();
    expect(textBetween(text + 2, text + 2 + load<u16>(text))).toBe("hi");
    expect(readF64()).toBe(2.5);
    endInput();
    expect(inputFailed()).toBe(false);
  });

  it("a message that goes on behind what is read fails", () => {
    openInput(2);
    readU8();
    endInput();
    expect(inputFailed()).toBe(true);
  });

  it("a read past the end yields zero, and says so from then on", () => {
    store<u8>(INPUT, 1);
    openInput(1);
    expect(readU16()).toBe(0);
    expect(inputFailed()).toBe(true);
    expect(readU8()).toBe(0);
  });

  it("a text longer than what is left fails", () => {
    store<u16>(INPUT, 3);
    openInput(4);
    expect(readText()).toBe(0);
    expect(inputFailed()).toBe(true);
  });

  it("a message over the limit fails before it is read", () => {
    openInput(INPUT_BYTES_MAX + 1);
    expect(inputFailed()).toBe(true);
    openInput(INPUT_BYTES_MAX);
    expect(inputFailed()).toBe(false);
  });
});

describe("the arena", () => {
  beforeAll(() => {
    clearGround();
  });

  it("allocations are 8-byte aligned, and follow each other", () => {
    const first = allocate(5);
    const second = allocate(8);
    expect(first & 7).toBe(0);
    expect(second).toBe(first + 8);
    expect(arenaMark()).toBe(second + 8);
  });

  it("a release takes back what came after the mark", () => {
    const mark = arenaMark();
    const address = allocateZeroed(64);
    expect(load<u64>(address)).toBe(0);
    arenaRelease(mark);
    expect(allocate(1)).toBe(address);
  });

  it("what fits is granted without growth", () => {
    const pages = memory.size();
    expect(reserve(16, 16)).toBe(true);
    expect(memory.size()).toBe(pages);
  });

  it("more than an address can reach is refused, and nothing changes", () => {
    const pages = memory.size();
    const mark = arenaMark();
    expect(reserve((<u64>1) << 32, 0)).toBe(false);
    expect(reserve(0, (<u64>1) << 40)).toBe(false);
    expect(memory.size()).toBe(pages);
    expect(arenaMark()).toBe(mark);
  });
});
