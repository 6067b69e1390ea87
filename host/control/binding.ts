/**
 * Who may reach a listener, and what to say when it cannot be opened. Shared by all listeners.
 */
import { type Address, formatAddress, isLoopback } from "../address.js";
import { MonitorError } from "../errors.js";

/** Throws `REMOTE_REFUSED` for an address that others can reach, unless that is allowed. */
export function refuseRemote(what: string, address: Address, allowRemote: boolean): void {
  if (allowRemote || isLoopback(address)) return;
  throw new MonitorError(
    "REMOTE_REFUSED",
    `${what}: ${formatAddress(address)} can be reached from other machines, which could then ` +
      "change or watch this program: listen on 127.0.0.1, [::1] or a unix socket, or allow it " +
      "(allowRemote, --allow-remote)",
  );
}

/** What a platform's `listen` or `serveHttp` rejected with, as an error of ours. */
export function listenFailure(what: string, address: Address, cause: unknown): MonitorError {
  if (cause instanceof MonitorError) return cause;
  const subject = `${what}: ${formatAddress(address)}`;
  if ((cause as { code?: unknown } | null)?.code === "EADDRINUSE") {
    return new MonitorError("ADDRESS_IN_USE", `${subject} is in use already`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MonitorError("LISTEN_FAILED", `${subject}: cannot listen: ${reason}`, { cause });
}
