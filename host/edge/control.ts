/**
 * The control language over `POST /control`: a line of the body is a command, a line of the answer
 * its reply. Nobody is let in without a token, since whoever finds the address could come.
 */
import { Level } from "../../assembly/abi.js";
import { auditText } from "../control/audit.js";
import { COMMAND_BYTES_MAX } from "../control/framing.js";
import { readBody } from "./body.js";
import { type Route, textResponse } from "./response.js";
import type { WireHost } from "./wire.js";

/** Commands run, failed and those that changed something; requests refused, and why. */
interface ControlStats {
  commands: number;
  failed: number;
  changed: number;
  unauthorized: number;
  oversized: number;
}

/** Replies of one request; a command of three bytes may list every source. */
const REPLY_BYTES_MAX = 1024 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const decoder = new TextDecoder();

/** Answers `POST /control`. */
export function createControl(host: WireHost, hasToken: boolean): Route {
  const stats: ControlStats = { commands: 0, failed: 0, changed: 0, unauthorized: 0, oversized: 0 };
  const tooLong = (text: string) => {
    stats.oversized++;
    return textResponse(413, text);
  };
  const answer = async (request: Request): Promise<Response> => {
    if (!hasToken) {
      stats.unauthorized++;
      return textResponse(403, "control is refused: serve() has no token\n");
    }
    if (request.method !== "POST") {
      const allow = { allow: "POST" };
      return textResponse(405, "method not allowed: POST commands, one a line\n", allow);
    }
    const body = await readBody(request, COMMAND_BYTES_MAX);
    if (body === undefined) return tooLong(`too long: at most ${COMMAND_BYTES_MAX} bytes\n`);
    const commands = linesOf(body);
    if (commands.length === 0) return textResponse(400, "error: no command: POST one a line\n");
    let text = "";
    const { failed } = stats;
    for (const command of commands) {
      if (text.length > REPLY_BYTES_MAX) {
        return tooLong(`${text}error: too much to answer: the rest was not run\n`);
      }
      text += `${decoder.decode(execute(host, stats, command))}\n`;
    }
    return textResponse(stats.failed > failed ? 400 : 200, text);
  };
  return { name: "monitor_control", stats, answer };
}

/** Runs a command; its reply. */
function execute(host: WireHost, stats: ControlStats, command: Uint8Array): Uint8Array {
  const { reply, failed, changed } = host.monitor.execute(command);
  stats.commands++;
  if (failed) stats.failed++;
  if (changed) {
    stats.changed++;
    host.audit(Level.App, `POST /control: changed: ${auditText(command)}`);
  }
  return reply;
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
