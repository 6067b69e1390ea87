/**
 * Escapes of both wires: InfluxData's line protocol reference, and the Prometheus text format 0.0.4.
 * The original's InfluxQL keyword prefix is here too (strict mode only).
 */
import { putByte } from "./put";

/** What else than comma, space and control bytes is escaped in a part of a line. */
export const enum Part {
  Measurement = 0,
  /** Tag keys, tag values, field keys: the equals sign. */
  Key = 1,
  Value = 2,
}

const BACKSLASH: u32 = 0x5c;
/** One literal: joined ones would be a string on the heap. */
const KEYWORDS = `
ALL ALTER ANY AS ASC BEGIN BY CREATE CONTINUOUS DATABASE DATABASES DEFAULT DELETE DESC
DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXPLAIN FIELD FOR FROM GRANT GRANTS
GROUP GROUPS IN INF INSERT INTO KEY KEYS KILL LIMIT SHOW MEASUREMENT MEASUREMENTS NAME OFFSET ON
ORDER PASSWORD POLICY POLICIES PRIVILEGES QUERIES QUERY READ REPLICATION RESAMPLE RETENTION
REVOKE SELECT SERIES SET SHARD SHARDS SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO
USER USERS VALUES WHERE WITH WRITE
`;

let avoidsKeywords: bool = false;

/** Turns the original's keyword prefix on or off. */
export function setKeywordPrefix(isOn: bool): void {
  avoidsKeywords = isOn;
}

/**
 * Writes a name or tag value as a part of a line: at most twice its bytes and 1. A control byte becomes a
 * space: receivers drop lines that have one. A backslash before a separator, a quote, another one or the end becomes `/`: no escape of it
 * comes back from the parsers of InfluxDB, Telegraf and VictoriaMetrics alike.
 */
export function putInflux(at: usize, start: usize, byteCount: u32, part: Part): usize {
  if (avoidsKeywords && isKeyword(start, byteCount)) at = putByte(at, 0x6f);
  for (let i: u32 = 0; i < byteCount; i++) {
    let byte: u32 = load<u8>(start + i);
    if (isControl(byte)) byte = 0x20;
    if (byte == 0x20 || byte == 0x2c || (byte == 0x3d && part != Part.Measurement)) {
      at = putByte(at, BACKSLASH);
    } else if (byte == BACKSLASH && !staysBackslash(start + i + 1, start + byteCount)) byte = 0x2f;
    else if (byte == 0x23 && i == 0 && part == Part.Measurement) byte = 0x5f;
    at = putByte(at, byte);
  }
  if (part == Part.Key && byteCount == 4 && load<u32>(start) == 0x656d6974) at = putByte(at, 0x5f);
  return at;
}

/** Writes the inside of a quoted text: `\"`, `\\`, and `\n` as two characters. Both wires agree. */
export function putQuoted(at: usize, start: usize, byteCount: u32, quotes: bool): usize {
  for (let i: u32 = 0; i < byteCount; i++) {
    let byte: u32 = load<u8>(start + i);
    if (byte == BACKSLASH || byte == 0x0a || (byte == 0x22 && quotes)) at = putByte(at, BACKSLASH);
    if (byte == 0x0a) byte = 0x6e;
    at = putByte(at, byte);
  }
  return at;
}

/** Whether every byte stands for itself in a tag value. */
export function isPlain(start: usize, byteCount: u32): bool {
  if (avoidsKeywords) return false;
  for (let i: u32 = 0; i < byteCount; i++) {
    const byte = load<u8>(start + i);
    if (isSeparator(byte) || byte == BACKSLASH) return false;
  }
  return true;
}

function isSeparator(byte: u32): bool {
  return isControl(byte) || byte == 0x20 || byte == 0x2c || byte == 0x3d;
}

function isControl(byte: u32): bool {
  return byte < 0x20 || byte == 0x7f;
}

function staysBackslash(next: usize, end: usize): bool {
  if (next == end) return false;
  const byte = load<u8>(next);
  return !isSeparator(byte) && byte != 0x22 && byte != BACKSLASH;
}

/** Looks for the word, upper-cased, among those between white space. */
function isKeyword(start: usize, byteCount: u32): bool {
  const list = changetype<usize>(KEYWORDS);
  const end = KEYWORDS.length;
  let matched: u32 = 0;
  for (let i = 1; i < end; i++) {
    const letter = load<u8>(list + ((<usize>i) << 1));
    if (letter <= 0x20) {
      if (matched == byteCount && byteCount) return true;
      matched = 0;
      continue;
    }
    if (matched == u32.MAX_VALUE) continue;
    const byte = matched < byteCount ? <u32>load<u8>(start + matched) : 0;
    const upper = byte - 0x61 < 26 ? byte - 0x20 : byte;
    matched = upper == letter ? matched + 1 : u32.MAX_VALUE;
  }
  return false;
}
