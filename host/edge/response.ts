/**
 * What answers requests, and its answers.
 */

/** One path of a monitor. */
export interface Route {
  /** Under which its counts are shown. */
  readonly name: string;
  readonly stats: { unauthorized: number };
  readonly answer: (request: Request) => Response | Promise<Response>;
}

/** A short text, plain. */
export function textResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const type = { "content-type": "text/plain; charset=utf-8" };
  return new Response(text, { status, headers: { ...type, ...headers } });
}
