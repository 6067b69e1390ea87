/**
 * HTTP answers of a peer. Every request has a connection of its own: a peer may restart in between.
 */

const ANSWER_MS_MAX = 10_000;

/** Any whole JSON string, so that digits inside one are left alone, or a number. */
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const JSON_LARGE_INTEGER = /^-?\d{16,}$/;
const LARGE_INTEGER_MARK = "\0integer:";

/** What a peer replied, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The optional parts of a request. */
export interface Question {
  /** Sent by POST; without it the request is a GET. */
  readonly body?: string | Uint8Array<ArrayBuffer>;

  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks `path`, which includes the query, of 127.0.0.1. Throws after 10 s without an answer. */
export async function ask(port: number, path: string, question: Question = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    ...(question.body === undefined ? {} : { method: "POST", body: question.body }),
    headers: { ...question.headers, connection: "close" },
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  return { status: response.status, text: await response.text() };
}

/** Whether `path` answers with a 2xx. */
export async function isAnswering(port: number, path: string): Promise<boolean> {
  try {
    const { status } = await ask(port, path);
    return status >= 200 && status < 300;
  } catch {
    return false;
  }
}

/** Parses JSON; integers of 16 digits and more become bigints, so that none is rounded. */
export function parseJson(text: string): unknown {
  const marked = text.replace(JSON_TOKEN, (token) =>
    JSON_LARGE_INTEGER.test(token) ? JSON.stringify(LARGE_INTEGER_MARK + token) : token,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    const isLarge = typeof value === "string" && value.startsWith(LARGE_INTEGER_MARK);
    return isLarge ? BigInt(value.slice(LARGE_INTEGER_MARK.length)) : value;
  });
}

/** The query part of an address, with its question mark. */
export function formatQuery(parameters: Readonly<Record<string, string>>): string {
  return `?${new URLSearchParams(parameters)}`;
}
