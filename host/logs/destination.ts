/**
 * Where logs go, as options spell it: `stderr`, `syslog+udp://HOST[:514]`,
 * `syslog+tcp://HOST[:PORT]`.
 */
import { type Address, parseHostPort } from "../address.js";
import { MonitorError } from "../errors.js";

export type LogDestination =
  | { readonly kind: "stderr" }
  | { readonly kind: "udp" | "tcp"; readonly address: Address };

/** The port of syslog over UDP (RFC 5426 §3.3); over TCP the customary one (RFC 6587 §1). */
const SYSLOG_PORT = 514;

/** Reads a destination; throws `OPTION_INVALID` or `ADDRESS_INVALID`. */
export function parseDestination(text: string): LogDestination {
  if (text === "stderr") return { kind: "stderr" };
  const match = /^syslog\+(udp|tcp):\/\/([^/?#]+)\/?$/.exec(text);
  if (match === null) {
    throw new MonitorError(
      "OPTION_INVALID",
      `logs cannot go to ${JSON.stringify(text)}: ` +
        "write stderr, syslog+udp://HOST[:PORT] or syslog+tcp://HOST[:PORT]",
    );
  }
  const address = parseHostPort(match[2] as string, { port: SYSLOG_PORT });
  return { kind: match[1] as "udp" | "tcp", address };
}
