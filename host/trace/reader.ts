/**
 * Reader of memtrace traces, versions 1 to 3, ours and OCaml's. Bytes go in as they come, events
 * come out; at most one packet is kept.
 *
 * Format: CTF 1.8 as janestreet/memtrace writes it. Shares nothing with the writer. Leaves out: the
 * order of events of different domains, which is that of the file, packet by packet.
 */
import { MonitorError } from "../errors.js";
import { CodeTable } from "./code-table.js";
import { Cursor } from "./cursor.js";
import { type Damage, DamageError, OverrunError } from "./damage.js";
import { EventDecoder } from "./events.js";
import { readInfo } from "./info.js";
import { describeForeign, isCtf } from "./magic.js";
import {
  HEADER_BYTES_MIN,
  type PacketHeader,
  readPacketBytes,
  readPacketHeader,
} from "./packet.js";
import type { TraceInfo, TraceVisitor } from "./visitor.js";

/** What is left to say of a trace once it is read. */
export interface TraceSummary {
  readonly info: TraceInfo;
  /** Of whole packets, and of a last one that is cut. */
  readonly byteCount: number;
  readonly packetCount: number;
  /** Locations included. */
  readonly eventCount: number;
  /** Why and where reading stopped before the end; undefined if it did not. */
  readonly damage: Damage | undefined;
  /** Packets of other processes: after a fork a child may write one. Left out. */
  readonly foreignPackets: number;
  /** Location codes that were given a second meaning; the first one counts. */
  readonly locationConflicts: number;
  /** Frames left out of backtraces that are deeper than FRAMES_MAX. */
  readonly cutFrames: number;
}

const BUFFER_BYTES_MIN = 1 << 16;
/** Kept to say what a file looks like that is no trace. */
const START_BYTES = 64;

/** Takes a trace in chunks of any size and tells a visitor what is in it. */
export class TraceReader {
  readonly #codes = new CodeTable();
  #info: TraceInfo | undefined;
  #events: EventDecoder | undefined;
  #damage: Damage | undefined;
  #buffer = new Uint8Array(BUFFER_BYTES_MIN);
  #bufferedBytes = 0;
  #start = new Uint8Array(0);
  /** Bytes of all packets before those in the buffer. */
  #byteCount = 0;
  #packetCount = 0;
  #foreignPackets = 0;

  constructor(private readonly visitor: TraceVisitor) {}

  /** Whether the rest does not matter any more. */
  get isDamaged(): boolean {
    return this.#damage !== undefined;
  }

  /** Reads what is complete. Does nothing once the trace is damaged: `end()` says so. */
  push(chunk: Uint8Array): void {
    if (this.#damage) return;
    this.#append(chunk);
    let position = 0;
    while (!this.#damage) {
      const rest = this.#buffer.subarray(position, this.#bufferedBytes);
      const packetBytes = this.#attempt(() => this.#completeBytes(rest)) ?? 0;
      if (packetBytes === 0) break;
      this.#attempt(() => this.#readPacket(rest.subarray(0, packetBytes), true));
      position += packetBytes;
    }
    this.#buffer.copyWithin(0, position, this.#bufferedBytes);
    this.#bufferedBytes -= position;
  }

  /**
   * Reads the whole events of a last packet that is cut, and says how reading went. `cause` is why
   * the bytes ended, where something made them. Throws a MonitorError MALFORMED if this is no trace
   * or its info cannot be read: there is nothing to show then.
   */
  end(cause?: string): TraceSummary {
    const isCut = this.#bufferedBytes > 0 || cause !== undefined;
    if (!this.#damage && isCut) this.#damage = this.#readCut(cause);
    if (!this.#info || !this.#events) throw refusal(this.#start, this.#damage);
    return {
      info: this.#info,
      byteCount: this.#byteCount,
      packetCount: this.#packetCount,
      eventCount: this.#events.eventCount,
      damage: this.#damage,
      foreignPackets: this.#foreignPackets,
      locationConflicts: this.#events.conflictCount,
      cutFrames: this.#events.cutFrames,
    };
  }

  #append(chunk: Uint8Array): void {
    if (this.#start.length < START_BYTES)
      this.#start = join(this.#start, chunk.subarray(0, START_BYTES - this.#start.length));
    const byteCount = this.#bufferedBytes + chunk.length;
    if (byteCount > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(byteCount, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#bufferedBytes));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#bufferedBytes);
    this.#bufferedBytes = byteCount;
  }

  /** Bytes of the packet at the start, 0 if it is not complete. */
  #completeBytes(bytes: Uint8Array): number {
    if (bytes.length < HEADER_BYTES_MIN) return 0;
    const packetBytes = readPacketBytes(new Cursor(bytes, this.#byteCount));
    return packetBytes <= bytes.length ? packetBytes : 0;
  }

  #readPacket(bytes: Uint8Array, isWhole: boolean): void {
    const cursor = new Cursor(bytes, this.#byteCount);
    const header = readPacketHeader(cursor);
    if (!this.#events) this.#begin(cursor, header);
    else if (header.pid !== this.#info?.pid) this.#foreignPackets++;
    else this.#events.read(cursor, header, isWhole);
    this.#packetCount++;
    this.#byteCount += bytes.length;
  }

  #begin(cursor: Cursor, header: PacketHeader): void {
    const info = readInfo(cursor, header);
    if (cursor.remaining > 0)
      throw new DamageError(cursor.byte, "something follows the info in the first packet");
    this.#info = info;
    this.#events = new EventDecoder(this.#codes, info.startUs, this.visitor);
    this.visitor.begin?.(info, this.#codes);
  }

  /** Reads a packet that is not complete; the damage is its end, or what is before. */
  #readCut(cause: string | undefined): Damage {
    const bytes = this.#buffer.subarray(0, this.#bufferedBytes);
    const reason = cause ?? "the trace ends within a packet";
    const endByte = this.#byteCount + bytes.length;
    try {
      if (bytes.length > 0) this.#readPacket(bytes, false);
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      if (!(error instanceof OverrunError)) return error;
    }
    this.#byteCount = endByte;
    return { byte: endByte, reason };
  }

  /** What `read` returns; undefined after it has met a damage. */
  #attempt<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DamageError)) throw error;
      this.#damage = { byte: error.byte, reason: error.reason };
      return undefined;
    }
  }
}

/** Why there is nothing to show, and what would be right. */
function refusal(start: Uint8Array, damage: Damage | undefined): MonitorError {
  return new MonitorError("MALFORMED", `no memory trace: ${describe(start, damage)}`);
}

function describe(start: Uint8Array, damage: Damage | undefined): string {
  if (start.length === 0) return "it is empty";
  if (damage && isCtf(start)) return `damaged at byte ${damage.byte}: ${damage.reason}`;
  return `it looks like ${describeForeign(start)}; wanted is what wmon trace or memtrace writes`;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
