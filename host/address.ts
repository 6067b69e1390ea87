/**
 * Where something listens or is reached: `9090`, `tcp:9090`, `tcp:HOST[:PORT]`, `tcp:[::1]:9090`,
 * `unix:PATH`. `tcp://HOST:PORT` and, where the host cannot be mistaken for a scheme, `HOST:PORT`
 * are taken too. Names are not resolved here.
 */
import { MonitorError } from "./errors.js";

export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

export interface AddressDefaults {
  /** Taken when the text names a host only; without it such a text is refused. */
  readonly port?: number;
  /** @default "127.0.0.1" */
  readonly host?: string;
}

/** What the kernel takes as the path of a Unix socket, less the closing NUL (Linux). */
export const UNIX_PATH_BYTES_MAX = 107;

const PORT_MAX = 65_535;
const FORMS = "PORT, tcp:PORT, tcp:HOST[:PORT], tcp:[IPV6]:PORT or unix:PATH";

/** Reads an address; throws `ADDRESS_INVALID`, saying what is wrong and what would be right. */
export function parseAddress(text: string, defaults: AddressDefaults = {}): Address {
  if (text.startsWith("unix:")) return { kind: "unix", path: parsePath(text.slice(5), text) };
  if (text.startsWith("tcp://")) return parseHostPort(text.slice(6), defaults);
  if (text.startsWith("tcp:")) return parseHostPort(text.slice(4), defaults);
  if (isUnmistakable(text)) return parseHostPort(text, defaults);
  throw refusal(text, `is no address; write ${FORMS}`);
}

/**
 * Reads `PORT`, `HOST`, `HOST:PORT` or `[IPV6]:PORT`; throws `ADDRESS_INVALID`. A text of digits
 * only is a port.
 */
export function parseHostPort(text: string, defaults: AddressDefaults = {}): Address {
  if (/^\d+$/.test(text)) {
    return { kind: "tcp", host: defaults.host ?? "127.0.0.1", port: parsePort(text, text) };
  }
  const [, bracketed, name, portText] = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(text) ?? [];
  if (bracketed === undefined && name === undefined) {
    const fix = "put an IPv6 address in brackets, as in tcp:[::1]:9090";
    throw refusal(text, `has more than one colon; ${fix}`);
  }
  const host = bracketed === undefined ? parseName(name ?? "", text) : parseIpv6(bracketed, text);
  if (portText !== undefined) return { kind: "tcp", host, port: parsePort(portText, text) };
  if (defaults.port !== undefined) return { kind: "tcp", host, port: defaults.port };
  throw refusal(text, `names no port; write tcp:${host}:PORT`);
}

/** Writes an address so that `parseAddress` reads it back: `tcp:127.0.0.1:2323`, `unix:PATH`. */
export function formatAddress(address: Address): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  return `tcp:${formatHostPort(address.host, address.port)}`;
}

/** Writes `127.0.0.1:2323` or `[::1]:2323`, as URLs and logs show it. */
export function formatHostPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whether only this machine can reach it: 127.0.0.0/8, ::1, `localhost`, a Unix socket. */
export function isLoopback(address: Address): boolean {
  if (address.kind === "unix") return true;
  const host = address.host.toLowerCase();
  if (host === "localhost" || host === "::1" || host === "0:0:0:0:0:0:0:1") return true;
  // A name such as 127.example.org is none of these: all four numbers must be there.
  return /^(?:::ffff:)?127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host);
}

/** A bare `tpc:9090` is a typing error, not a host: a name needs a dot, or to be localhost. */
function isUnmistakable(text: string): boolean {
  return /^(?:\d+|\[[^\]]*\](?::.*)?|localhost(?::.*)?|[^:/]*\.[^:/]*(?::\d*)?)$/.test(text);
}

function parsePort(portText: string, text: string): number {
  const port = Number(portText);
  if (/^\d{1,5}$/.test(portText) && port <= PORT_MAX) return port;
  throw refusal(text, `has no valid port; a port is a number from 0 to ${PORT_MAX}`);
}

function parseName(name: string, text: string): string {
  if (name.length <= 253 && /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(name))
    return name;
  throw refusal(text, `has no valid host; write ${FORMS}`);
}

function parseIpv6(host: string, text: string): string {
  if (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?$/.test(host)) return host;
  throw refusal(text, "has no IPv6 address between its brackets; write tcp:[::1]:9090");
}

function parsePath(path: string, text: string): string {
  if (path === "") throw refusal(text, "names no path; write unix:/run/NAME.sock");
  if (path.includes("\0")) throw refusal(text, "has a NUL byte in its path; take it out");
  const byteCount = new TextEncoder().encode(path).length;
  if (byteCount <= UNIX_PATH_BYTES_MAX) return path;
  const limit = `a Unix socket takes ${UNIX_PATH_BYTES_MAX} bytes`;
  throw refusal(text, `has a path of ${byteCount} bytes; ${limit}`);
}

function refusal(text: string, what: string): MonitorError {
  return new MonitorError("ADDRESS_INVALID", `address ${JSON.stringify(text)} ${what}`);
}
