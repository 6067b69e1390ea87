/**
 * The receivers that a push can name: `tcp://h:p` (the default scheme), `udp://h:p`, `unix:PATH`,
 * `http(s)://…/write?db=…`, `http(s)://…/api/v2/write?org=…&bucket=…`, and `-` for standard output.
 * What is secret in a URL leaves it here: labels and errors never show it.
 */
import {
  type Address,
  formatAddress,
  formatHostPort,
  parseAddress,
  parseHostPort,
} from "../address.js";
import { MonitorError } from "../errors.js";

/** Telegraf's socket listener, and the original's port. */
export const PUSH_PORT = 8094;

export type Receiver =
  | { readonly kind: "stream"; readonly label: string; readonly address: Address }
  | { readonly kind: "datagram"; readonly label: string; readonly address: Address }
  | {
      readonly kind: "http";
      /** Without label, fine to show: where the lines go. */
      readonly label: string;
      /** May hold the parameter `p`, a password: never shown. */
      readonly url: string;
      /** The value of the header `authorization`: never shown. */
      readonly authorization?: string;
    }
  | { readonly kind: "stdout"; readonly label: string };

export interface ReceiverCredentials {
  /** A token for HTTP; a parameter `token` or a user in the URL wins. */
  readonly token?: string | undefined;
}

const FORMS = "tcp://HOST:PORT, udp://HOST:PORT, unix:PATH, http://HOST:PORT/write?db=NAME or -";
/** What of a query names the place and is no secret. */
const SHOWN_PARAMETERS = ["db", "rp", "org", "bucket", "consistency"];

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

/** Counters are found by label: of receivers with the same one, all but the first get a number. */
export function numberTwins(receivers: readonly Receiver[]): readonly Receiver[] {
  return receivers.map((receiver, at) => {
    const { label } = receiver;
    const twinCount = receivers.slice(0, at).filter((other) => other.label === label).length;
    return twinCount === 0 ? receiver : { ...receiver, label: `${label} #${twinCount + 1}` };
  });
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

function parseHttp(text: string, credentials: ReceiverCredentials): Receiver {
  const url = readUrl(text);
  if (url.pathname === "/") {
    const paths = "/write?db=NAME or /api/v2/write?org=NAME&bucket=NAME";
    throw refusal(`${url.origin} names no path to write to; add ${paths}`);
  }
  const precision = url.searchParams.get("precision");
  if (precision !== null && precision !== "ns" && precision !== "n") {
    throw refusal("lines carry nanoseconds; leave the parameter precision out, or write ns");
  }
  const authorization = takeAuthorization(url, credentials);
  const receiver = { kind: "http", label: labelOf(url), url: url.href } as const;
  return authorization === undefined ? receiver : { ...receiver, authorization };
}

/** The text may hold a password anywhere, so nothing of it is shown. */
function readUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw refusal("this is no valid URL (not shown, it may hold a password); write ".concat(FORMS));
}

/** Moves what is secret out of the URL. */
function takeAuthorization(url: URL, credentials: ReceiverCredentials): string | undefined {
  const token = url.searchParams.get("token") ?? undefined;
  if (token !== undefined) url.searchParams.delete("token");
  const user = decode(url.username);
  const password = decode(url.password);
  url.username = "";
  url.password = "";
  if (token !== undefined) return `Token ${token}`;
  if (user !== "") return `Basic ${encodeBase64(`${user}:${password}`)}`;
  return credentials.token === undefined ? undefined : `Token ${credentials.token}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("the user or password has a % that stands for nothing; write a % as %25");
  }
}

function encodeBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

function labelOf(url: URL): string {
  const shown = new URLSearchParams();
  for (const name of SHOWN_PARAMETERS) {
    const value = url.searchParams.get(name);
    if (value !== null) shown.set(name, value);
  }
  const query = shown.toString();
  return `${url.origin}${url.pathname}${query && "?"}${query}`;
}

function refusal(what: string): MonitorError {
  return new MonitorError("ADDRESS_INVALID", `push receiver: ${what}`);
}
