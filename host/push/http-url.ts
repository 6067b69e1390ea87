/**
 * The URLs of HTTP receivers: `http(s)://…/write?db=…`, `http(s)://…/api/v2/write?org=…&bucket=…`.
 * What is secret in a URL leaves it here: labels and errors never show it.
 */
import { MonitorError } from "../errors.js";

export interface HttpReceiver {
  readonly kind: "http";
  /** Fine to show: where the lines go. */
  readonly label: string;
  /** May hold the parameter `p`, a password: never shown. */
  readonly url: string;
  /** The value of the header `authorization`: never shown. */
  readonly authorization: string | undefined;
}

export interface ReceiverCredentials {
  /** A token for HTTP; a parameter `token` or a user in the URL wins. */
  readonly token?: string | undefined;
}

/** What of a query names the place and is no secret. */
const SHOWN_PARAMETERS = ["db", "rp", "org", "bucket", "consistency"];
const PATHS = "/write?db=NAME or /api/v2/write?org=NAME&bucket=NAME";

/** Reads a receiver; throws `ADDRESS_INVALID`, saying what is wrong and what would be right. */
export function parseHttp(text: string, { token }: ReceiverCredentials = {}): HttpReceiver {
  if (!URL.canParse(text)) {
    throw refusal(`no valid URL (not shown, it may hold a password); write http://HOST${PATHS}`);
  }
  const url = new URL(text);
  const { origin, pathname, searchParams: query } = url;
  if (pathname === "/") throw refusal(`${origin} names no path to write to; add ${PATHS}`);
  if (!/^ns?$/.test(query.get("precision") ?? "n")) {
    throw refusal("lines carry nanoseconds; leave the parameter precision out, or write ns");
  }
  const authorization = takeAuthorization(url, token);
  const shown = [...query].filter(([name]) => SHOWN_PARAMETERS.includes(name));
  const label = `${origin}${pathname}${shown.length > 0 ? "?" : ""}${new URLSearchParams(shown)}`;
  return { kind: "http", label, url: url.href, authorization };
}

/** Counters are found by label: of receivers with the same one, all but the first get a number. */
export function numberTwins<T extends { readonly label: string }>(receivers: readonly T[]): T[] {
  return receivers.map((receiver, at) => {
    const { label } = receiver;
    const twinCount = receivers.slice(0, at).filter((other) => other.label === label).length;
    return twinCount === 0 ? receiver : { ...receiver, label: `${label} #${twinCount + 1}` };
  });
}

/** Says what is wrong with a receiver. */
export function refusal(what: string): MonitorError {
  return new MonitorError("ADDRESS_INVALID", `push receiver: ${what}`);
}

/** Moves what is secret out of the URL. */
function takeAuthorization(url: URL, option: string | undefined): string | undefined {
  const { searchParams: query, username, password } = url;
  const token = query.get("token") ?? (username === "" ? option : undefined);
  // A query that is written anew looks different: only where there is something to take out.
  if (query.has("token")) query.delete("token");
  url.username = "";
  url.password = "";
  // A binding that is not set may be null, or empty: no receiver takes that, nor a line break.
  if (token !== undefined && !(typeof token === "string" && /^[ -~]+$/.test(token))) {
    throw refusal("a token is printable ASCII, at least 1 character; leave it out for none");
  }
  if (token !== undefined) return `Token ${token}`;
  return username === "" ? undefined : `Basic ${encodeBase64(decode(`${username}:${password}`))}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refusal("a % of the user or password stands for nothing; write %25");
  }
}

function encodeBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
