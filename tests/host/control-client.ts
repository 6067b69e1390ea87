/**
 * A control server on a port of its own and raw clients of it, for the tests of the control port.
 * Commands are answered by a few fixed rules, so that nothing but the server is tested.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { Level } from "../../assembly/abi.js";
import type { Address } from "../../host/address.js";
import { type ControlOptions, type ControlServer, openControl } from "../../host/control/server.js";
import type { CommandResult } from "../../host/control/session.js";
import { nodePlatform } from "../../host/platforms/node.js";

/** Loopback, any port. */
export const ANYWHERE: Address = { kind: "tcp", host: "127.0.0.1", port: 0 };

export interface TestServer extends ControlServer {
  /** The commands executed, in order. */
  readonly executed: string[];
  /** The lines logged, as `LEVEL text`. */
  readonly lines: string[];
}

/** Opens a server that is closed when the test ends. */
export async function serve(
  context: TestContext,
  options: Partial<ControlOptions> = {},
): Promise<TestServer> {
  const executed: string[] = [];
  const lines: string[] = [];
  const server = await openControl({
    platform: nodePlatform,
    address: ANYWHERE,
    execute: (command) => {
      const text = Buffer.from(command).toString("latin1");
      executed.push(text);
      return execute(text);
    },
    log: (level, text) => lines.push(`${Level[level]} ${text}`),
    ...options,
  });
  context.after(() => server.close());
  return Object.assign(server, { executed, lines });
}

/** `L…` changes, `M…` changes and ignores a name, `big` answers at length, `trap` throws. */
function execute(text: string): CommandResult {
  const result = (reply: string, flags: Partial<CommandResult> = {}) => ({
    reply: Buffer.from(reply),
    failed: false,
    changed: false,
    unknownIgnored: false,
    ...flags,
  });
  if (text === "trap") throw new Error("unreachable");
  if (text === "l") return result("ok: *:info");
  if (text === "big") return result(`ok: ${"b".repeat(500_000)}`);
  if (text.startsWith("L")) return result("ok", { changed: true });
  if (text.startsWith("M")) return result("ok", { changed: true, unknownIgnored: true });
  return result("error: unknown command", { failed: true });
}

/** A raw connection to the server. */
export class Client {
  readonly #chunks: Buffer[] = [];
  readonly closed: Promise<unknown>;

  private constructor(readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on("error", () => {});
    this.closed = once(socket, "close");
  }

  static async open(context: TestContext, address: Address): Promise<Client> {
    const socket =
      address.kind === "unix"
        ? connect({ path: address.path, allowHalfOpen: true })
        : connect({ host: address.host, port: address.port, allowHalfOpen: true });
    context.after(() => socket.destroy());
    const client = new Client(socket);
    await once(socket, "connect");
    socket.on("end", () => socket.end());
    return client;
  }

  get received(): string {
    return Buffer.concat(this.#chunks).toString("latin1");
  }

  send(text: string | Uint8Array): this {
    this.socket.write(text);
    return this;
  }

  /** Half-closes. */
  end(): this {
    this.socket.end();
    return this;
  }

  /** What the server says until it closes. */
  async rest(): Promise<string> {
    await this.closed;
    return this.received;
  }

  /** Resolves when so many lines have come; fails if the server closes before. */
  async lines(count: number): Promise<string[]> {
    while (this.received.split("\n").length <= count) {
      const event = await Promise.race([once(this.socket, "data"), this.closed.then(() => null)]);
      if (event === null) break;
    }
    const lines = this.received.split("\n");
    assert.ok(lines.length > count, `wanted ${count} lines, got ${JSON.stringify(this.received)}`);
    return lines.slice(0, count);
  }
}

/** Resolves when `condition` holds; tests have a time limit of their own. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
