/**
 * The control language over `POST /control`: a line of the body is a command, a line of the answer
 * its reply. Nobody is let in without a token, since whoever finds the address could come.
 */
import { Level } from "../../assembly/abi.js";
import { auditText } from "../control/audit.js";
import { COMMAND_BYTES_MAX } from "../control/framing.js";
import { hasBearer, secretOf } from "../control/token.js";
import type { CommandResult } from "../core.js";
import { textResponse } from "./response.js";

export interface ControlOptions {
  readonly token: string | undefined;
  readonly execute: (command: Uint8Array) => CommandResult;
  /** Writes an audit line, whatever the thresholds are. */
  readonly audit: (level: Level, text: string) => void;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const decoder = new TextDecoder();

/** Answers requests for `/control`. */
export class Control {
  /** Commands run, failed and those that changed something; requests refused, and why. */
  readonly stats = { commands: 0, failed: 0, changed: 0, unauthorized: 0, oversized: 0 };
  readonly #options: ControlOptions;
  readonly #secret: Uint8Array | undefined;

  /** Throws `OPTION_INVALID` for a token that cannot be one. */
  constructor(options: ControlOptions) {
    this.#options = options;
    this.#secret = secretOf(options.token);
  }

  async answer(request: Request): Promise<Response> {
    if (this.#secret === undefined) {
      this.stats.unauthorized++;
      return textResponse(403, "control is refused: this monitor has no controlToken\n");
    }
    if (!hasBearer(request.headers.get("authorization") ?? undefined, this.#secret)) {
      this.stats.unauthorized++;
      this.#options.audit(Level.Warning, "POST /control: refused: no token, or a wrong one");
      const challenge = { "www-authenticate": 'Bearer realm="control"' };
      return textResponse(401, "a bearer token is required\n", challenge);
    }
    if (request.method !== "POST") {
      return textResponse(405, "method not allowed: POST commands, one a line\n", {
        allow: "POST",
      });
    }
    const body = await readBody(request);
    if (body !== undefined) return this.#run(body);
    this.stats.oversized++;
    return textResponse(413, `too long: at most ${COMMAND_BYTES_MAX} bytes\n`);
  }

  #run(body: Uint8Array): Response {
    const results = linesOf(body).map((command) => this.#execute(command));
    if (results.length === 0) return textResponse(400, "error: no command: POST one a line\n");
    const text = results.map(({ reply }) => `${decoder.decode(reply)}\n`).join("");
    return textResponse(results.some(({ failed }) => failed) ? 400 : 200, text);
  }

  #execute(command: Uint8Array): CommandResult {
    const result = this.#options.execute(command);
    this.stats.commands++;
    if (result.failed) this.stats.failed++;
    if (!result.changed) return result;
    this.stats.changed++;
    this.#options.audit(Level.App, `POST /control: changed: ${auditText(command)}`);
    return result;
  }
}

/** The body; undefined when it is too long. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    chunks.push(read.value);
    byteCount += read.value.length;
    if (byteCount <= COMMAND_BYTES_MAX) continue;
    await reader?.cancel();
    return undefined;
  }
  const body = new Uint8Array(byteCount);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

/** Lines without their ends; empty ones are left out. */
function linesOf(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let begin = 0; begin < body.length; ) {
    const found = body.indexOf(LINE_FEED, begin);
    const until = found < 0 ? body.length : found;
    const end = body[until - 1] === CARRIAGE_RETURN ? until - 1 : until;
    if (end > begin) lines.push(body.subarray(begin, end));
    begin = until + 1;
  }
  return lines;
}
