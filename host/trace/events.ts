/**
 * Events of packets: what stands between one header and the next. Keeps what each domain's packets
 * build upon: backtraces, names, the last time.
 *
 * Format: janestreet/memtrace `memtrace.tsdl` and `trace.ml`, whose checks these are.
 */
import { BacktraceDecoder } from "./backtrace.js";
import { CODES_MAX, type CodeTable } from "./code-table.js";
import type { Cursor } from "./cursor.js";
import { DamageError } from "./damage.js";
import { LocationDecoder } from "./location.js";
import { eventCode, eventTimeUs, type PacketHeader } from "./packet.js";
import type { AllocationSource, TraceVisitor } from "./visitor.js";

/** Domains of one trace: each takes 96 KiB. */
export const DOMAINS_MAX = 1024;

export const EVENT_INFO = 0;
const EVENT_LOCATION = 1;
const EVENT_ALLOCATION = 2;
const EVENT_PROMOTION = 3;
const EVENT_COLLECTION = 4;
/** 101 to 116: one sample in a minor block of 1 to 16 words. */
const EVENT_SHORT_BASE = 100;
const SHORT_WORDS_MAX = 16;

const SOURCES: readonly AllocationSource[] = ["minor", "major", "external"];

interface Domain {
  readonly backtraces: BacktraceDecoder;
  readonly locations: LocationDecoder;
  lastUs: number;
}

/** Reads the events of packets and tells a visitor. */
export class EventDecoder {
  eventCount = 0;
  /** Codes that a later location event gives another meaning. */
  conflictCount = 0;

  readonly #domains = new Map<number, Domain>();
  readonly #allocation = {
    timeUs: 0,
    id: 0,
    lengthWords: 0,
    samples: 0,
    source: SOURCES[0] as AllocationSource,
    domain: 0,
    sharedFrames: 0,
    frames: new Uint32Array(0),
    frameCount: 0,
  };
  readonly #blockEvent = { timeUs: 0, id: 0, domain: 0 };

  constructor(
    private readonly codes: CodeTable,
    private readonly startUs: number,
    private readonly visitor: TraceVisitor,
  ) {}

  /** Frames left out of backtraces over their limit. */
  get cutFrames(): number {
    let count = 0;
    for (const { backtraces } of this.#domains.values()) count += backtraces.cutFrames;
    return count;
  }

  /**
   * Reads all that `cursor` has, behind the header. Every event is told once read as a whole; of a
   * packet that is not whole, those before the end.
   */
  read(cursor: Cursor, header: PacketHeader, isWhole: boolean): void {
    const domain = this.#domain(header, cursor.byte);
    if (!domain.backtraces.verifies(header.verifier))
      throw new DamageError(cursor.byte, "the backtraces before this packet were misread");
    let nextId = header.firstId;
    while (cursor.remaining > 0) nextId = this.#readEvent(cursor, { header, domain, nextId });
    if (isWhole && nextId !== header.nextId)
      throw new DamageError(
        cursor.byte,
        `a packet's allocations end with id ${nextId - 1}; its header says ${header.nextId - 1}`,
      );
  }

  #domain({ domain: id, version }: PacketHeader, at: number): Domain {
    const known = this.#domains.get(id);
    if (known) return known;
    if (this.#domains.size === DOMAINS_MAX)
      throw new DamageError(at, `more than ${DOMAINS_MAX} domains`);
    const domain = {
      backtraces: new BacktraceDecoder(this.codes),
      locations: new LocationDecoder(version),
      lastUs: this.startUs,
    };
    this.#domains.set(id, domain);
    return domain;
  }

  /** Reads one event; returns the id of the next allocation. */
  #readEvent(
    cursor: Cursor,
    { header, domain, nextId }: { header: PacketHeader; domain: Domain; nextId: number },
  ): number {
    const at = cursor.byte;
    const word = cursor.u32();
    const code = eventCode(word);
    const timeUs = eventTimeUs(word, header);
    if (timeUs > header.untilUs) throw new DamageError(at, "an event is later than its packet");
    if (timeUs < domain.lastUs) throw new DamageError(at, "time goes backwards");
    const isAllocation = code === EVENT_ALLOCATION || code > EVENT_SHORT_BASE;
    if (isAllocation) this.#readAllocation(cursor, domain, code - EVENT_SHORT_BASE);
    else if (code === EVENT_LOCATION) this.#readLocation(cursor, domain);
    else this.#readBlockEvent(cursor, code, nextId);
    domain.lastUs = timeUs;
    this.eventCount++;
    this.#tell(code, { timeUs: timeUs - this.startUs, domain: header.domain, nextId });
    return isAllocation ? nextId + 1 : nextId;
  }

  #readLocation(cursor: Cursor, { locations }: Domain): void {
    const at = cursor.byte;
    const number = this.codes.number(cursor.i64());
    if (number === undefined)
      throw new DamageError(at, `more than ${CODES_MAX} different location codes`);
    if (!this.codes.describe(number, locations.read(cursor))) this.conflictCount++;
  }

  /** `shortWords` is the length in a short event, negative in a long one. */
  #readAllocation(cursor: Cursor, { backtraces }: Domain, shortWords: number): void {
    const at = cursor.byte;
    const isShort = shortWords > 0;
    if (shortWords > SHORT_WORDS_MAX) throw unknownEvent(at, EVENT_SHORT_BASE + shortWords);
    const lengthWords = isShort ? shortWords : cursor.vint("a length");
    const samples = isShort ? 1 : cursor.vint("a number of samples");
    const source = SOURCES[isShort ? 0 : cursor.u8()];
    if (source === undefined) throw new DamageError(at, "an allocation of unknown source");
    const sharedFrames = cursor.vint("a number of frames");
    if (lengthWords < 0 || samples < 0 || sharedFrames < 0)
      throw new DamageError(at, "an allocation with a negative number");
    backtraces.read(cursor, isShort ? cursor.u8() : cursor.u16(), sharedFrames);
    const { frames, frameCount } = backtraces;
    const event = this.#allocation;
    event.lengthWords = lengthWords;
    event.samples = samples;
    event.source = source;
    event.sharedFrames = sharedFrames;
    event.frames = frames;
    event.frameCount = frameCount;
  }

  #readBlockEvent(cursor: Cursor, code: number, nextId: number): void {
    const at = cursor.byte;
    if (code !== EVENT_PROMOTION && code !== EVENT_COLLECTION) throw unknownEvent(at, code);
    const distance = cursor.vint("an allocation id");
    // A block of another, ended domain may be collected under a smaller id: trace.ml, get_collect.
    if (code === EVENT_PROMOTION && distance < 0)
      throw new DamageError(at, "the promotion of a block that is not allocated yet");
    this.#blockEvent.id = nextId - 1 - distance;
  }

  #tell(code: number, of: { timeUs: number; domain: number; nextId: number }): void {
    if (code === EVENT_LOCATION) return;
    if (code === EVENT_PROMOTION || code === EVENT_COLLECTION) {
      const event = this.#blockEvent;
      event.timeUs = of.timeUs;
      event.domain = of.domain;
      if (code === EVENT_COLLECTION) this.visitor.collect?.(event);
      else this.visitor.promote?.(event);
      return;
    }
    const event = this.#allocation;
    event.timeUs = of.timeUs;
    event.domain = of.domain;
    event.id = of.nextId;
    this.visitor.allocate(event);
  }
}

function unknownEvent(bodyAt: number, code: number): DamageError {
  const what = code === EVENT_INFO ? "a second trace info" : `an event of unknown code ${code}`;
  return new DamageError(bodyAt - 4, what);
}
