/**
 * A slow writer of memory traces, after the description of the format (version 3) and nothing else:
 * it keeps names instead of hashes, all new locations until the flush, and arrays where the module
 * has records. Made to be compared with the module, from event scripts.
 */

import { Bytes } from "./trace-bytes.js";
import { BUCKETS, Cache } from "./trace-cache.js";

const PACKET_BYTES = 32_768;
const EVENT_BYTES = 4196;
const LOCATION_BYTES = 4096;
const NAMES = 31;
const TIME_MASK = 0x1ffffffn;

/** A script's texts, a character a byte. */
interface Location {
  readonly file: string;
  readonly numbers: readonly bigint[];
  readonly definition: string;
}

interface NewLocation {
  readonly code: bigint;
  readonly locations: readonly Location[];
}

const UNKNOWN: Location = { file: "<unknown>", numbers: [1n, 1n, 1n], definition: "??" };

interface Name<Value> {
  readonly name: string;
  readonly value: Value;
}

/** Finds a name's index, or 31, and moves it to the front. */
function moveToFront<Value>(table: Name<Value>[], name: string, fresh: () => Value) {
  const found = table.findIndex((entry) => entry.name === name);
  const [entry = { name, value: fresh() }] = found < 0 ? [] : table.splice(found, 1);
  table.unshift(entry);
  if (table.length > NAMES) table.pop();
  return { index: found < 0 ? NAMES : found, value: entry.value };
}

/** Writes the trace of a script, given as one character a byte. */
export function modelTrace(script: string): Uint8Array {
  const model = new Model();
  for (const line of script.split("\n")) if (line !== "") model.read(line);
  model.flush(model.lastTime);
  return Uint8Array.from(model.trace);
}

class Model {
  readonly trace: number[] = [];
  lastTime = 0n;
  readonly #meanings = new Map<string, Location[]>();
  readonly #cache = new Cache();
  readonly #files: Name<Name<undefined>[]>[] = [];
  #newLocations: NewLocation[] = [];
  #stack: string[] = [];
  #packet = new Bytes();
  #pid = 0n;
  #startTime = 0n;
  #startId = 0;
  #nextId = 0;
  #chunkEnd = 10_000;
  #verified = 4242;

  read(line: string): void {
    const [kind, ...fields] = line.split("\t");
    if (kind === "I") this.#begin(fields);
    if (kind === "L") this.#learn(fields);
    if (kind === "A") this.#allocate(fields);
    if (kind === "P") this.#refer(3n, fields);
    if (kind === "C") this.#refer(4n, fields);
    if (kind === "F") this.flush(this.lastTime);
  }

  flush(time: bigint): void {
    while (this.#newLocations.length > 0) this.#flushLocations();
    this.#finish(this.#packet, this.lastTime, this.#nextId);
    if (this.#nextId === this.#chunkEnd) this.#chunkEnd += 10_000;
    this.#startTime = time;
    this.lastTime = time;
    this.#startId = this.#nextId;
    const { codes, next } = this.#cache;
    this.#packet = this.#open(this.#verified, next[this.#verified], codes[this.#verified]);
    this.#verified = (this.#verified + 5413) % BUCKETS;
  }

  #begin(fields: readonly string[]): void {
    const [rate, wordBits, executable, host, parameters, pid, start, context] = fields;
    this.#pid = BigInt(pid ?? "");
    this.#startTime = BigInt(start ?? "");
    this.lastTime = this.#startTime;
    const packet = this.#open();
    this.#putHeader(packet, 0n, this.lastTime);
    const float = new DataView(new ArrayBuffer(8));
    float.setFloat64(0, Number(rate));
    packet.put(float.getBigUint64(0), 8);
    packet.put(BigInt(wordBits ?? ""), 1);
    for (const text of [executable, host, parameters]) packet.putText(text ?? "");
    packet.put(this.#pid, 8);
    packet.putText(context ?? "");
    this.#finish(packet, this.lastTime, 0);
    this.#packet = this.#open();
  }

  #learn([code = "", ...fields]: readonly string[]): void {
    const locations: Location[] = [];
    for (let at = 0; at < fields.length; at += 5) {
      const [file = "", line = "", first = "", last = "", definition = ""] = fields.slice(at);
      locations.push({ file, numbers: [line, first, last].map(BigInt), definition });
    }
    this.#meanings.set(code, locations);
  }

  #allocate(fields: readonly string[]): void {
    const [time = "", words = "", samples = "", source = "", codes = ""] = fields;
    const stack = codes.split(" ").reverse();
    let common = 0;
    while (common < stack.length && stack[common] === this.#stack[common]) common++;
    this.#stack = stack;
    const fresh = stack.slice(common);
    const length = BigInt(words);
    const isShort =
      length >= 1n && length <= 16n && source === "0" && samples === "1" && fresh.length < 256;
    this.#beginEvent(isShort ? 100n + length : 2n, BigInt(time));
    const packet = this.#packet;
    if (!isShort) {
      packet.putVint(length);
      packet.putVint(BigInt(samples));
      packet.put(BigInt(source), 1);
    }
    packet.putVint(BigInt(common));
    const hole = packet.list.length;
    const holeBytes = isShort ? 1 : 2;
    packet.put(0n, holeBytes);
    const { misses, count } = this.#cache.encode(packet, fresh.map(BigInt), this.#nextId);
    packet.patch(hole, BigInt(count), holeBytes);
    for (const code of misses) {
      this.#newLocations.push({ code, locations: this.#meanings.get(String(code)) ?? [] });
    }
    this.#nextId++;
  }

  #refer(event: bigint, [time = "", id = ""]: readonly string[]): void {
    this.#beginEvent(event, BigInt(time));
    this.#packet.putVint(BigInt(this.#nextId - 1 - Number(id)));
  }

  #beginEvent(event: bigint, given: bigint): void {
    const time = given < this.lastTime ? this.lastTime : given;
    const isFull =
      PACKET_BYTES - this.#packet.list.length < EVENT_BYTES ||
      this.#newLocations.length > 128 ||
      time - this.#startTime > 30_000_000n ||
      this.#nextId === this.#chunkEnd;
    if (isFull) this.flush(time);
    this.lastTime = time;
    this.#putHeader(this.#packet, event, time);
  }

  #flushLocations(): void {
    const packet = this.#open();
    while (this.#newLocations.length > 0 && PACKET_BYTES - packet.list.length > LOCATION_BYTES) {
      this.#putHeader(packet, 1n, this.#startTime);
      this.#putLocations(packet, this.#newLocations.shift());
    }
    this.#finish(packet, this.#startTime, this.#startId);
  }

  #putLocations(packet: Bytes, { code, locations }: NewLocation = { code: 0n, locations: [] }) {
    const sizes = locations.map(({ file, definition }) => 8 + file.length + definition.length);
    const total = sizes.reduce((sum, size) => sum + size, 9);
    const written = locations.length <= 255 && total <= 4096 ? locations : [UNKNOWN];
    packet.put(code, 8);
    packet.put(BigInt(written.length), 1);
    for (const { file, numbers, definition } of written) {
      const { index, value } = moveToFront(this.#files, file, () => []);
      const name = moveToFront(value, definition, () => undefined);
      const [line = 0n, first = 0n, last = 0n] = numbers.map((number, place) => {
        const most = [0xfffffn, 0xffn, 0x3ffn][place] ?? 0n;
        return number < 0n || number > most ? most : number;
      });
      const indices = (BigInt(index) << 38n) | (BigInt(name.index) << 43n);
      packet.put(line | (first << 20n) | (last << 28n) | indices, 6);
      if (index === NAMES) packet.putText(file);
      if (name.index === NAMES) packet.putText(definition);
    }
  }

  #putHeader(packet: Bytes, event: bigint, time: bigint): void {
    packet.put((event << 25n) | (time & TIME_MASK), 4);
  }

  #open(verified = 0xffff, next = 0, code = 0n): Bytes {
    const packet = new Bytes();
    packet.put(0xc1fc1fc1n, 4);
    packet.put(0n, 4 + 8 + 8 + 4);
    packet.put(3n, 2);
    packet.put(this.#pid, 8);
    packet.put(0n, 2);
    packet.put(BigInt(verified), 2);
    packet.put(BigInt(next), 2);
    packet.put(code, 8);
    packet.put(0n, 16);
    return packet;
  }

  #finish(packet: Bytes, untilTime: bigint, untilId: number): void {
    packet.patch(4, BigInt(8 * packet.list.length), 4);
    packet.patch(8, this.#startTime, 8);
    packet.patch(16, untilTime, 8);
    packet.patch(52, BigInt(this.#startId), 8);
    packet.patch(60, BigInt(untilId), 8);
    for (const byte of packet.list) this.trace.push(byte);
  }
}
