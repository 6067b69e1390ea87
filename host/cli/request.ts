/**
 * One command to a control port, and its reply: sent without a newline and half-closed, which the
 * default mode and the strict one both answer, and close.
 */
import { type Address, formatAddress } from "../address.js";
import { MonitorError } from "../errors.js";
import type { Connection, Platform } from "../platform.js";

/** Bytes of a reply; `m*` of 10,000 sources with long names is below. */
const REPLY_BYTES_MAX = 16 << 20;
const TIMEOUT_MS = 10_000;

export interface Target {
  readonly platform: Pick<Platform, "connect">;
  readonly address: Address;
  /** Sent as the first line. */
  readonly token?: string | undefined;
}

/** Sends a command; the reply without the newline at its end. Rejects when there is none. */
export function request(target: Target, command: string): Promise<string> {
  const name = formatAddress(target.address);
  return new Promise((resolve, reject) => {
    const fail = (reason: string) =>
      reject(new MonitorError("COMMAND_FAILED", `${name}: ${reason}`));
    const chunks: Uint8Array[] = [];
    let byteCount = 0;
    const timer = setTimeout(() => {
      fail(`no reply within ${TIMEOUT_MS / 1000} s`);
      connection?.destroy();
    }, TIMEOUT_MS);
    const connection: Connection | undefined = target.platform.connect?.(target.address, {
      onOpen() {
        const opening = target.token === undefined ? "" : `${target.token}\n`;
        connection?.write(Buffer.from(opening + command));
        connection?.end();
      },
      onData(chunk) {
        byteCount += chunk.length;
        if (byteCount > REPLY_BYTES_MAX) connection?.destroy();
        else chunks.push(chunk.slice());
      },
      onClose(error) {
        clearTimeout(timer);
        const reply = Buffer.concat(chunks).toString().replace(/\n$/, "");
        if (reply !== "") resolve(reply);
        else fail(error ? unreachable(error) : "closed without a reply");
      },
    });
  });
}

function unreachable(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED" || code === "ENOENT") {
    return "nothing listens there; is a program running under wmon? (name its port with --to)";
  }
  return error.message;
}

/** Whether a reply, or any line of one, says that the command failed. */
export function isFailure(reply: string): boolean {
  return /^error:/m.test(reply);
}
