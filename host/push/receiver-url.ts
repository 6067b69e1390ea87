/**
 * The receivers that a push can name: `tcp://h:p` (the default scheme), `udp://h:p`, `unix:PATH`,
 * `http(s)://…` (`http-url.ts`), and `-` for standard output.
 */
import {
  type Address,
  formatAddress,
  formatHostPort,
  parseAddress,
  parseHostPort,
} from "../address.js";
import { type HttpReceiver, parseHttp, type ReceiverCredentials, refusal } from "./http-url.js";

/** Telegraf's socket listener, and the original's port. */
export const PUSH_PORT = 8094;

export type Receiver =
  | { readonly kind: "stream"; readonly label: string; readonly address: Address }
  | { readonly kind: "datagram"; readonly label: string; readonly address: Address }
  | HttpReceiver
  | { readonly kind: "stdout"; readonly label: string };

const FORMS = "tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, http://HOST:PORT/write?db=NAME or -";
/** Reads a receiver; throws `ADDRESS_INVALID`, saying what is wrong and what would be right. */
export function parseReceiver(text: string, credentials: ReceiverCredentials = {}): Receiver {
  if (typeof text !== "string") throw refusal(`${text} is no URL; write ${FORMS}`);
  if (text === "-") return { kind: "stdout", label: "stdout" };
  if (/^https?:/i.test(text)) return parseHttp(text, credentials);
  if (text.startsWith("unix:")) {
    const address = parseAddress(text);
    return { kind: "stream", label: formatAddress(address), address };
  }
  const [, scheme, rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i.exec(text) ?? [];
  if (scheme === "udp") return parseDatagram(rest);
  if (scheme === undefined || scheme === "tcp") return parseStream(rest.replace(/^tcp:/, ""));
  throw refusal(`scheme ${JSON.stringify(scheme)} is none of ours; write ${FORMS}`);
}

function parseStream(hostPort: string): Receiver {
  const address = parseTarget(hostPort);
  return { kind: "stream", label: formatAddress(address), address };
}

function parseDatagram(hostPort: string): Receiver {
  const address = parseTarget(hostPort);
  return { kind: "datagram", label: `udp:${formatHostPort(address.host, address.port)}`, address };
}

function parseTarget(hostPort: string): Address & { readonly kind: "tcp" } {
  if (hostPort.includes("@")) throw refusal("only HTTP receivers take a user; leave it out");
  const address = parseHostPort(hostPort.replace(/\/$/, ""), { port: PUSH_PORT });
  if (address.kind === "tcp" && address.port !== 0) return address;
  throw refusal("a receiver's port is a number from 1 to 65535");
}
