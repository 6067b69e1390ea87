/**
 * Delivery over TCP where a connection belongs to the request in which it was made: one a flush,
 * half-closed after the last line. A receiver that closes then has read everything; one that does
 * not within a second counts as unconfirmed.
 */
import type { Address } from "../address.js";
import {
  type Failure,
  reasonOf,
  type Transport,
  type TransportContext,
} from "../push/transport.js";

/** A connection as `cloudflare:sockets` makes it. */
export interface EdgeSocket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  readonly opened: Promise<unknown>;
  readonly closed: Promise<unknown>;
  close(): Promise<void>;
}

/** Opens a connection: `connect` of `cloudflare:sockets`, or a function around it for TLS. */
export type Connect = (address: { readonly hostname: string; readonly port: number }) => EdgeSocket;

/** How long the receiver has to close after us, in milliseconds. */
const LINGER_MS = 1_000;

/** Sends what the buffer holds over a new connection each time. */
export class SocketTransport implements Transport {
  readonly writtenLine = 0;
  /** One past the furthest line that any connection carried. */
  private furthest = 0;

  constructor(
    private readonly context: TransportContext,
    private readonly address: Address & { readonly kind: "tcp" },
    private readonly connect: Connect,
  ) {}

  get hasWork(): boolean {
    return this.context.buffer.lineCount > 0;
  }

  async send(): Promise<Failure | undefined> {
    const { stats } = this.context;
    let socket: EdgeSocket | undefined;
    try {
      const { host: hostname, port } = this.address;
      socket = this.connect({ hostname, port });
      socket.closed.catch(() => {});
      await this.deliver(socket);
      stats.connected = 1;
      return undefined;
    } catch (error) {
      stats.connected = 0;
      return { reason: reasonOf(error) };
    } finally {
      // Closing what failed to open fails too.
      socket?.close().catch(() => {});
    }
  }

  async finish(): Promise<boolean> {
    return true;
  }

  destroy(): void {}

  private async deliver(socket: EdgeSocket): Promise<void> {
    const { connectTimeoutMs, writeTimeoutMs } = this.context.limits;
    await inTime(socket.opened, connectTimeoutMs, `no connection within ${connectTimeoutMs} ms`);
    const writer = socket.writable.getWriter();
    const tooLate = `took no bytes for ${writeTimeoutMs} ms`;
    const { buffer, stats, bestEffort } = this.context;
    let line = buffer.firstLine;
    for (let span = buffer.findFrom(line); span; span = buffer.findFrom(line)) {
      line = span.endLine;
      // Without timestamps a line that may have arrived must not be sent again.
      if (bestEffort) buffer.releaseBefore(line);
      await inTime(writer.write(span.bytes), writeTimeoutMs, tooLate);
      const freshLines = Math.max(0, line - Math.max(span.firstLine, this.furthest));
      this.furthest = Math.max(this.furthest, line);
      stats.sentLines += freshLines;
      stats.resentLines += span.lineCount - freshLines;
      stats.sentBytes += span.bytes.length;
    }
    // Some runtimes settle this only when the peer has closed as well.
    writer.close().catch(() => {});
    const isProven = await isEnded(socket.readable);
    const lineCount = buffer.releaseBefore(line);
    if (!isProven) stats.unconfirmedLines += lineCount;
  }
}

/** Whether the peer closes within `LINGER_MS`; rejects when the connection breaks. */
async function isEnded(readable: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = readable.getReader();
  const ended = (async () => {
    while (!(await reader.read()).done);
    return true;
  })();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), LINGER_MS);
  });
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
    ended.catch(() => {});
  }
}

/** Rejects with `reason` when `work` takes longer. */
async function inTime(work: Promise<unknown>, timeoutMs: number, reason: string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(reason)), timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}
