/**
 * `GET /metrics` and `POST /control` of an edge monitor; `wasm-monitoring/edge/serve`.
 */
import { Level } from "../../assembly/abi.js";
import { hasBearer, secretOf } from "../control/token.js";
import { optionInvalid } from "../errors.js";
import { createControl } from "./control.js";
import { textResponse } from "./response.js";
import { createScrape } from "./scrape.js";
import type { Wire, WireHost } from "./wire.js";

export interface ServeOptions {
  /** Bearer token of both; without it `/control` is refused. @default none */
  readonly token?: string | undefined;
  /** Before `/metrics` and `/control`: `/_monitor`. @default none */
  readonly basePath?: string | undefined;
}

/** What `serve` gives a monitor. */
export interface Serving {
  /** Whether `fetch` has an answer to such a request. */
  owns(request: { readonly url: string }): boolean;
  /** Answers `GET /metrics` and `POST /control` below `basePath`; everything else with 404. */
  fetch(request: Request): Promise<Response>;
}

/** Lets a monitor answer requests. Throws `OPTION_INVALID`. */
export function serve(options: ServeOptions = {}): Wire<Serving> {
  // A token given as text would leave `/metrics` open.
  if (Object(options) !== options) optionInvalid("serve: write serve({ token: … })");
  const { token, basePath = "" } = options;
  const secret = secretOf(token);
  if (!/^(\/[^/?#]+)*$/.test(basePath)) {
    optionInvalid(`basePath ${JSON.stringify(basePath)} begins no path: write "/_monitor"`);
  }
  return (host) => open(host, basePath, secret);
}

function open(host: WireHost, basePath: string, secret: Uint8Array | undefined): Serving {
  // As URLs write it: `/ü` is asked for as `/%C3%BC`.
  const { pathname } = new URL(`http://h${basePath}/`);
  const routes = new Map([
    [`${pathname}metrics`, createScrape(host)],
    [`${pathname}control`, createControl(host, secret !== undefined)],
  ]);
  for (const { name, stats } of routes.values()) {
    const help = "What fetch was asked, and answered";
    host.show({ name, help, read: () => ({ ...stats }) });
  }
  const routeOf = (url: string) => routes.get(new URL(url).pathname);
  let isRefusing = false;
  return {
    owns: ({ url }) => routeOf(url) !== undefined,
    async fetch(request) {
      const route = routeOf(request.url);
      if (route === undefined) {
        return textResponse(404, "GET /metrics, or POST commands to /control\n");
      }
      const isRefused =
        secret !== undefined && !hasBearer(request.headers.get("authorization"), secret);
      // Once until the token is shown: whoever finds the address could fill the log.
      if (isRefused && !isRefusing) {
        const text = "refused: no token, or a wrong one; more are only counted";
        host.audit(Level.Warning, `${route.name}: ${text}`);
      }
      isRefusing = isRefused;
      if (!isRefused) return route.answer(request);
      route.stats.unauthorized++;
      const challenge = { "www-authenticate": 'Bearer realm="monitor"' };
      return textResponse(401, "a bearer token is required\n", challenge);
    },
  };
}
