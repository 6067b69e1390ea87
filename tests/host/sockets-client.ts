/**
 * Clients of guests that have sockets, and the guest that makes the calls it is told to.
 */
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { guestPath } from "../guests/guest.js";
import { until } from "./until.js";
import { QUIET, Wmon } from "./wmon.js";

export interface ServeOptions {
  /** Options of `wmon run` besides the listeners. */
  readonly options?: readonly string[];
  readonly args?: readonly string[];
  /** @default one, on a free port */
  readonly listeners?: readonly string[];
}

/** Any free port of this machine. */
export const ANY = "tcp:127.0.0.1:0";

/** Starts a guest with listening sockets; also its metrics. */
export function serve(
  t: TestContext,
  guest: string,
  { options = [], args = [], listeners = [ANY] }: ServeOptions = {},
): Wmon {
  const listen = listeners.flatMap((address) => ["--tcplisten", address]);
  const metrics = ["--prometheus", ANY];
  const file = guestPath(guest);
  return new Wmon(t, ["run", ...QUIET, ...metrics, ...listen, ...options, file, "--", ...args]);
}

/** The port of each listener, once all of `count` are printed. */
export async function ports(wmon: Wmon, count = 1): Promise<number[]> {
  const find = () => [...wmon.stderr.matchAll(/^wmon: tcplisten tcp:127\.0\.0\.1:(\d+)$/gm)];
  await until(`${count} listeners are printed`, () => find().length >= count);
  return find().map(([, port]) => Number(port));
}

/** One connection, and all that came over it. */
export class Client {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  byteCount = 0;
  hasEnded = false;
  isClosed = false;
  failure: string | undefined;

  constructor(t: TestContext, where: number | { readonly path: string }) {
    const target = typeof where === "number" ? { host: "127.0.0.1", port: where } : where;
    this.socket = connect({ ...target, allowHalfOpen: true, noDelay: true });
    this.socket.on("data", (chunk) => {
      this.chunks.push(chunk);
      this.byteCount += chunk.length;
    });
    this.socket.on("end", () => {
      this.hasEnded = true;
    });
    this.socket.on("error", (error: NodeJS.ErrnoException) => {
      this.failure = error.code;
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    t.after(() => this.socket.destroy());
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString("latin1");
  }

  /** Waits until this much has come. */
  async received(byteCount: number): Promise<void> {
    await until(`${byteCount} bytes came; ${this.byteCount} have`, () => {
      return this.byteCount >= byteCount;
    });
  }

  /** Waits until the guest has ended its side. */
  async ended(): Promise<void> {
    await until("the guest ends the connection", () => this.hasEnded || this.isClosed);
  }

  /** Waits until the connection is gone. */
  async closed(): Promise<void> {
    await until("the connection is gone", () => this.isClosed);
  }
}

/** The guest `c-prompt`, which makes each call that it is told to. */
export class Prompt {
  #taken = 0;

  constructor(readonly wmon: Wmon) {}

  /** Has a call made; its errno and what it gave, once it has returned. */
  async call(line: string): Promise<string> {
    this.tell(line);
    return this.answer(line);
  }

  /** Has a call made without waiting for it. */
  tell(line: string): void {
    this.wmon.child.stdin.write(`${line}\n`);
  }

  /** The next answer. */
  async answer(line = "a call"): Promise<string> {
    const lines = () => this.wmon.stdout.split("\n");
    await until(`${line} is answered`, () => lines().length > this.#taken + 1);
    return lines()[this.#taken++] ?? "";
  }

  /** Accepts the connection that waits, or the next; its descriptor. */
  async accept(listener = 3): Promise<number> {
    const [errno, fd] = (await this.call(`accept ${listener} 0`)).split(" ");
    if (errno !== "0") throw new Error(`accept: errno ${errno}`);
    return Number(fd);
  }
}
