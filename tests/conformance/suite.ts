/**
 * Runs the behaviours in whatever runtime this is loaded into.
 */
import { BEHAVIOURS } from "./behaviours.js";
import type { Capability, Outcome, Report, World } from "./world.js";

/** Runs each behaviour whose capability is there, one after the other; rejects for none. */
export async function runSuite(
  world: World,
  capabilities: readonly Capability[],
  version: string,
): Promise<Report> {
  const outcomes: Outcome[] = [];
  for (const { rule, needs, run } of BEHAVIOURS) {
    if (!capabilities.includes(needs)) continue;
    const failure = await run(world).then(
      () => undefined,
      (error: unknown) =>
        error instanceof Error ? `${error.message}\n${error.stack}` : `${error}`,
    );
    outcomes.push({ rule, needs, ...(failure !== undefined && { failure }) });
  }
  return { version, coreHash: await hash(world.coreBytes), outcomes };
}

/** SHA-256 in hexadecimal. */
export async function hash(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
