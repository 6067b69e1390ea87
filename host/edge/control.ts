/**
 * The control language over `POST /control`: a line of the body is a command, a line of the answer
 * its reply. Nobody is let in without a token, since whoever finds the address could come.
 */
import { Level } from "../../assembly/abi.js";
import { auditText } from "../control/audit.js";
import { COMMAND_BYTES_MAX } from "../control/framing.js";
import { hasBearer, secretOf } from "../control/token.js";
import type { CommandResult } from "../core.js";
import { readBody } from "./body.js";
import { textResponse } from "./response.js";

export interface ControlOptions {
  readonly token: string | undefined;
  readonly execute: (command: Uint8Array) => CommandResult;
  /** Writes an audit line, whatever the thresholds are. */
  readonly audit: (level: Level, text: string) => void;
}

/** Replies of one request; a command of three bytes may list every source. */
const REPLY_BYTES_MAX = 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const decoder = new TextDecoder();

/** Answers requests for `/control`. */
export class Control {
  /** Commands run, failed and those that changed something; requests refused, and why. */
  readonly stats = { commands: 0, failed: 0, changed: 0, unauthorized: 0, oversized: 0 };
  readonly #options: ControlOptions;
  readonly #secret: Uint8Array | undefined;
  #isRefusing = false;

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
      this.#warn();
      const challenge = { "www-authenticate": 'Bearer realm="control"' };
      return textResponse(401, "a bearer token is required\n", challenge);
    }
    this.#isRefusing = false;
    if (request.method !== "POST") {
      return textResponse(405, "method not allowed: POST commands, one a line\n", {
        allow: "POST",
      });
    }
    const body = await readBody(request, COMMAND_BYTES_MAX);
    if (body !== undefined) return this.#run(body);
    this.stats.oversized++;
    return textResponse(413, `too long: at most ${COMMAND_BYTES_MAX} bytes\n`);
  }

  /** Once until the token is shown: whoever finds the address could fill the log. */
  #warn(): void {
    if (this.#isRefusing) return;
    this.#isRefusing = true;
    const text = "refused: no token, or a wrong one; further ones are only counted";
    this.#options.audit(Level.Warning, `POST /control: ${text}`);
  }

  #run(body: Uint8Array): Response {
    const commands = linesOf(body);
    if (commands.length === 0) return textResponse(400, "error: no command: POST one a line\n");
    let text = "";
    let hasFailed = false;
    for (const command of commands) {
      if (text.length > REPLY_BYTES_MAX) {
        this.stats.oversized++;
        return textResponse(413, `${text}error: too much to answer: the rest was not run\n`);
      }
      const { reply, failed } = this.#execute(command);
      text += `${decoder.decode(reply)}\n`;
      hasFailed ||= failed;
    }
    return textResponse(hasFailed ? 400 : 200, text);
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
