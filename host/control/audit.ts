/**
 * How a log repeats a command, whose bytes come from outside.
 */
import { escapeControl } from "../logs/escape.js";

/** Bytes of a command that the audit line repeats. */
const AUDIT_BYTES_MAX = 256;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A command as one line of a log repeats it: escaped, in quotes, cut. */
export function auditText(command: Uint8Array): string {
  const text = escapeControl(decoder.decode(command.subarray(0, AUDIT_BYTES_MAX)));
  const rest = command.length - AUDIT_BYTES_MAX;
  return rest > 0 ? `"${text}" and ${rest} more bytes` : `"${text}"`;
}
