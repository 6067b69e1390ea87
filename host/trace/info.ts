/**
 * The first packet of a trace: what it says of itself. Without it nothing can be read.
 */
import type { Cursor } from "./cursor.js";
import { DamageError } from "./damage.js";
import { EVENT_INFO } from "./events.js";
import { eventCode, type PacketHeader } from "./packet.js";
import type { TraceInfo } from "./visitor.js";

const WORD_BITS_MAX = 128;
/** Version 2 added the context. */
const CONTEXT_VERSION_MIN = 2;

/** Reads the info event behind the first packet's header; throws a DamageError for any other. */
export function readInfo(cursor: Cursor, { version, beginUs }: PacketHeader): TraceInfo {
  const at = cursor.byte;
  if (eventCode(cursor.u32()) !== EVENT_INFO)
    throw new DamageError(at, "the first packet does not say what is traced");
  const samplingRate = cursor.f64();
  if (!(samplingRate > 0 && samplingRate <= 1))
    throw new DamageError(at + 4, `a sampling rate of ${samplingRate}, which is not in (0, 1]`);
  const wordBits = cursor.u8();
  if (wordBits === 0 || wordBits % 8 !== 0 || wordBits > WORD_BITS_MAX)
    throw new DamageError(at + 12, `words of ${wordBits} bits`);
  return {
    version,
    samplingRate,
    wordBytes: wordBits / 8,
    program: cursor.text(),
    host: cursor.text(),
    parameters: cursor.text(),
    pid: cursor.i64(),
    startUs: beginUs,
    context: version >= CONTEXT_VERSION_MIN ? cursor.text() : "",
  };
}
