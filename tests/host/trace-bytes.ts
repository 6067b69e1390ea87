/**
 * Traces made by hand, event by event, for what no vector has: other versions, several domains,
 * processes that fork, and what is against the rules. Shares nothing with writer or reader.
 */

const MAGIC = 0xc1fc1fc1;
export const START_US = 1_700_000_000_000_000;
const MISS = 3;

/** Bytes that grow. */
export class Bytes {
  readonly #bytes: number[] = [];

  u8(value: number): this {
    return this.#put(BigInt(value), 1);
  }

  u16(value: number): this {
    return this.#put(BigInt(value), 2);
  }

  u32(value: number): this {
    return this.#put(BigInt(value), 4);
  }

  u64(value: number | bigint): this {
    return this.#put(BigInt(value), 8);
  }

  f64(value: number): this {
    return this.raw(new Uint8Array(new Float64Array([value]).buffer));
  }

  text(value: string): this {
    return this.raw(new TextEncoder().encode(value)).u8(0);
  }

  raw(bytes: Uint8Array): this {
    this.#bytes.push(...bytes);
    return this;
  }

  get byteCount(): number {
    return this.#bytes.length;
  }

  toArray(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #put(value: bigint, byteCount: number): this {
    for (let index = 0; index < byteCount; index++)
      this.#bytes.push(Number((value >> BigInt(8 * index)) & 0xffn));
    return this;
  }
}

export interface PacketOptions {
  readonly version?: number;
  readonly pid?: bigint;
  readonly domain?: number;
  readonly firstId?: number;
  readonly nextId?: number;
  /** Microseconds after the trace's start. */
  readonly beginUs?: number;
  readonly untilUs?: number;
  readonly verifier?: { index: number; prediction: number; code: bigint };
  /** Instead of the right one. */
  readonly bits?: number;
  readonly magic?: number;
}

/** A packet: header and body. */
export function packet(body: Bytes, options: PacketOptions = {}): Uint8Array {
  const { version = 3, firstId = 0, nextId = firstId, beginUs = 0, untilUs = 1e6 } = options;
  const { index = 0xffff, prediction = 0, code = 0n } = options.verifier ?? {};
  const headerBytes = version >= 3 ? 68 : 66;
  const header = new Bytes()
    .u32(options.magic ?? MAGIC)
    .u32(options.bits ?? 8 * (headerBytes + body.byteCount))
    .u64(START_US + beginUs)
    .u64(START_US + untilUs)
    .u32(0)
    .u16(version)
    .u64(options.pid ?? 7n);
  if (version >= 3) header.u16(options.domain ?? 0);
  header.u16(index).u16(prediction).u64(code).u64(firstId).u64(nextId);
  return header.raw(body.toArray()).toArray();
}

export interface InfoOptions {
  readonly version?: number;
  readonly samplingRate?: number;
  readonly wordBits?: number;
  readonly context?: string;
  readonly pid?: bigint;
}

/** The first packet of a trace. */
export function infoPacket(options: InfoOptions = {}): Uint8Array {
  const { version = 3, samplingRate = 1, wordBits = 32, context = "", pid = 7n } = options;
  const body = event(new Bytes(), 0, 0).f64(samplingRate).u8(wordBits);
  body.text("program").text("host").text("parameters").u64(pid);
  if (version >= 2) body.text(context);
  return packet(body, { version, pid, untilUs: 0 });
}

/** An event's header, `timeUs` after the trace's start. */
export function event(bytes: Bytes, code: number, timeUs: number): Bytes {
  const low = (START_US + timeUs) % 2 ** 25;
  return bytes.u32(code * 2 ** 25 + low);
}

export interface Place {
  readonly file: string | number;
  readonly definition: string | number;
  readonly line?: number;
}

/** What a code stands for; names are new ones, or places in the tables of recent ones. */
export function location(bytes: Bytes, code: bigint, places: readonly Place[]): Bytes {
  event(bytes, 1, 0).u64(code).u8(places.length);
  for (const { file, definition, line = 1 } of places) {
    const fileIndex = typeof file === "number" ? file : 31;
    const definitionIndex = typeof definition === "number" ? definition : 31;
    const word = BigInt(line) | (2n << 20n) | (3n << 28n);
    const bits = word | (BigInt(fileIndex) << 38n) | (BigInt(definitionIndex) << 43n);
    bytes.u32(Number(bits & 0xffffffffn)).u16(Number(bits >> 32n));
    if (typeof file === "string") bytes.text(file);
    if (typeof definition === "string") bytes.text(definition);
  }
  return bytes;
}

export interface AllocationOptions {
  readonly timeUs?: number;
  readonly words?: number;
  readonly samples?: number;
  readonly source?: number;
  readonly shared?: number;
  /** New frames: a code is a miss that goes to the bucket of its own number. */
  readonly codes?: readonly bigint[];
}

/** An allocation in the long form. */
export function allocation(bytes: Bytes, options: AllocationOptions = {}): Bytes {
  const { timeUs = 0, words = 1, samples = 1, source = 2, shared = 0, codes = [] } = options;
  event(bytes, 2, timeUs);
  vint(vint(bytes, words), samples).u8(source);
  vint(bytes, shared).u16(codes.length);
  for (const code of codes) bytes.u16((Number(code & 0x3fffn) << 2) | MISS).u64(code);
  return bytes;
}

/** A collection, or with `code` 3 a promotion; `distance` back from the next id, less one. */
export function collection(bytes: Bytes, distance: number, timeUs = 0, code = 4): Bytes {
  return vint(event(bytes, code, timeUs), distance);
}

export function vint(bytes: Bytes, value: number): Bytes {
  if (value >= 0 && value <= 252) return bytes.u8(value);
  return bytes.u8(255).u64(BigInt.asUintN(64, BigInt(value)));
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** The packets of a trace of version 3. */
export function packetsOf(trace: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < trace.length; ) {
    const view = new DataView(trace.buffer, trace.byteOffset + at);
    const byteCount = view.getUint32(4, true) / 8;
    packets.push(trace.subarray(at, at + byteCount));
    at += byteCount;
  }
  return packets;
}
