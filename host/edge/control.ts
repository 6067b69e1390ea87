/**
 * The control language over `POST /control`: a line of the body is a command, a line of the answer
 * its reply. Nobody is let in without a token, since whoever finds the address could come.
 */
import { INPUT_BYTES_MAX, Level } from "../../assembly/abi.js";
import { auditText } from "../control/audit.js";
import { readStart } from "../platforms/web.js";
import { type Route, textResponse } from "./response.js";
import type { WireHost } from "./wire.js";

/** Replies of one request; a command of three bytes may list every source. */
const REPLY_BYTES_MAX = 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Answers `POST /control`. */
export function createControl({ monitor, audit }: WireHost, hasToken: boolean): Route {
  /** Commands run, failed and those that changed something; requests refused, and why. */
  const stats = { commands: 0, failed: 0, changed: 0, unauthorized: 0, oversized: 0 };
  const execute = (line: string): string => {
    const command = encoder.encode(line);
    const { reply, failed, changed } = monitor.execute(command);
    stats.commands++;
    if (failed) stats.failed++;
    if (changed) {
      stats.changed++;
      audit(Level.App, `POST /control: changed: ${auditText(command)}`);
    }
    return `${decoder.decode(reply)}\n`;
  };
  const tooLong = (text: string) => {
    stats.oversized++;
    return textResponse(413, text);
  };
  const answer = async ({ method, body }: Request): Promise<Response> => {
    if (!hasToken) {
      stats.unauthorized++;
      return textResponse(403, "control is refused: serve() has no token\n");
    }
    if (method !== "POST") {
      return textResponse(405, "POST commands, one a line\n", { allow: "POST" });
    }
    const { bytes, isWhole } = await readStart(body, INPUT_BYTES_MAX);
    if (!isWhole) return tooLong(`too long: at most ${INPUT_BYTES_MAX} bytes\n`);
    const { failed } = stats;
    let text = "";
    for (const line of decoder.decode(bytes).split(/\r?\n|\r$/)) {
      if (text.length > REPLY_BYTES_MAX) {
        return tooLong(`${text}error: too much to answer: the rest was not run\n`);
      }
      if (line) text += execute(line);
    }
    if (!text) return textResponse(400, "error: no command: POST one a line\n");
    return textResponse(stats.failed > failed ? 400 : 200, text);
  };
  return { name: "monitor_control", stats, answer };
}
