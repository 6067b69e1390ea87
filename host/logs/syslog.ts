/**
 * A log record as a syslog message: RFC 5424, framed by octet counting on streams (RFC 6587
 * §3.4.1). The message carries no byte order mark (§6.4 allows "any" text): receivers show it.
 * Structured data is left out; the source's name is the MSGID.
 */
import { Level } from "../../assembly/abi.js";
import { escapeControl } from "./escape.js";
import { formatTime, type LogRecord } from "./record.js";

/** Bytes of one datagram: what an Ethernet frame carries without fragments. */
export const DATAGRAM_BYTES_MAX = 1400;
/** Bytes of one message on a stream: what RFC 5425 §4.3.1 wants every receiver to take. */
export const STREAM_MESSAGE_BYTES_MAX = 8192;

/** Who speaks: constant parts of every message. */
export interface SyslogIdentity {
  /** APP-NAME. */
  readonly appName: string;
  /** HOSTNAME; "-" if unknown. */
  readonly hostName: string;
  /** PROCID; "-" if unknown. */
  readonly processId: string;
}

/** A message, and whether its text was cut. */
interface SyslogMessage {
  readonly bytes: Uint8Array;
  readonly isTruncated: boolean;
}

/** Facility 1, user-level messages, times 8 (§6.2.1). */
const FACILITY_USER = 8;
/** notice, error, warning, informational, debug (§6.2.1, table 2). */
const SEVERITIES: Readonly<Record<Level, number>> = {
  [Level.Quiet]: 5,
  [Level.App]: 5,
  [Level.Error]: 3,
  [Level.Warning]: 4,
  [Level.Info]: 6,
  [Level.Debug]: 7,
};

const encoder = new TextEncoder();

/** Writes one message of at most `bytesMax` bytes, cut between two UTF-8 characters. */
export function formatSyslog(
  record: LogRecord,
  identity: SyslogIdentity,
  bytesMax: number,
): SyslogMessage {
  const priority = FACILITY_USER + (SEVERITIES[record.level] ?? 5);
  const messageId = headerField(record.source, 32);
  // A name that is no MSGID as it stands is not lost: the text begins with it.
  const prefix = messageId === record.source ? "" : `${record.source}: `;
  const { hostName, appName, processId } = identity;
  const header =
    `<${priority}>1 ${formatTime(record.timeNs)} ${headerField(hostName, 255)} ` +
    `${headerField(appName, 48)} ${headerField(processId, 128)} ${messageId} - `;
  return cut(encoder.encode(header + escapeControl(prefix + record.message)), bytesMax);
}

/** Puts the count of its octets before a message. */
export function frameSyslog(message: Uint8Array): Uint8Array {
  const count = encoder.encode(`${message.length} `);
  const framed = new Uint8Array(count.length + message.length);
  framed.set(count);
  framed.set(message, count.length);
  return framed;
}

/** A header field: printable ASCII without spaces, at most so long, "-" if nothing is left (§6). */
function headerField(text: string, charactersMax: number): string {
  return text.replace(/[^!-~]/gu, "_").slice(0, charactersMax) || "-";
}

function cut(bytes: Uint8Array, bytesMax: number): SyslogMessage {
  if (bytes.length <= bytesMax) return { bytes, isTruncated: false };
  let until = bytesMax;
  // Bytes 10xxxxxx continue a character.
  while (until > 0 && ((bytes[until] as number) & 0xc0) === 0x80) until--;
  return { bytes: bytes.subarray(0, until), isTruncated: true };
}
