/**
 * Delivery by UDP, best effort: whole lines, packed into datagrams of at most 1,400 bytes
 * (PROTOCOLS §1). A line is sent once; what the system refuses to take stays in the buffer.
 */
import type { Address } from "../address.js";
import type { DatagramSender } from "../platform.js";
import type { PlacedSpan } from "./buffer.js";
import { lineEndBefore } from "./report.js";
import { type Failure, reasonOf, type Transport, type TransportContext } from "./transport.js";

/** Fits an Ethernet frame with the headers of IPv6, UDP and a tunnel. */
export const DATAGRAM_BYTES_MAX = 1_400;

/** Sends lines as datagrams to one address. */
export class DatagramTransport implements Transport {
  readonly writtenLine = 0;
  private sender: DatagramSender | undefined;
  private isDestroyed = false;
  private hasWarnedOfLength = false;
  private isRefused = false;
  private refusedSinceSend = false;

  constructor(
    private readonly context: TransportContext,
    private readonly address: Address,
  ) {}

  get hasWork(): boolean {
    return this.context.buffer.lineCount > 0;
  }

  async send(): Promise<Failure | undefined> {
    this.noteRecovery();
    try {
      const sender = this.sender ?? (await this.open());
      const { buffer } = this.context;
      for (let span = buffer.findFrom(0); span; span = buffer.findFrom(0)) {
        await this.sendSpan(sender, span);
      }
      this.context.stats.connected = 1;
      return undefined;
    } catch (error) {
      this.close();
      return { reason: reasonOf(error) };
    }
  }

  async finish(): Promise<boolean> {
    return true;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.close();
  }

  private async open(): Promise<DatagramSender> {
    const { platform, unref } = this.context;
    const sender = await platform.openDatagram?.(this.address, (error) => this.refused(error));
    if (!sender) throw new Error("this runtime has no datagrams");
    if (unref) sender.unref();
    this.sender = sender;
    if (this.isDestroyed) this.close();
    return sender;
  }

  private close(): void {
    this.sender?.close();
    this.sender = undefined;
    this.context.stats.connected = 0;
  }

  private async sendSpan(sender: DatagramSender, span: PlacedSpan): Promise<void> {
    const { buffer, stats } = this.context;
    let line = span.firstLine;
    for (let start = 0; start < span.bytes.length; ) {
      const end = lineEndBefore(span.bytes, start, start + DATAGRAM_BYTES_MAX);
      const datagram = span.bytes.subarray(start, end);
      const lineCount = countLines(datagram);
      if (datagram.length > DATAGRAM_BYTES_MAX) this.skipLine(datagram.length);
      else await this.sendLines(sender, datagram, lineCount);
      line += lineCount;
      start = end;
      buffer.releaseBefore(line);
    }
    stats.connected = 1;
  }

  private async sendLines(
    sender: DatagramSender,
    datagram: Uint8Array,
    lineCount: number,
  ): Promise<void> {
    const { stats } = this.context;
    // A refusal of an earlier datagram may be reported here: this one then was not sent.
    await sender.send(datagram).catch((error: unknown) => {
      if (this.isDestroyed) throw error;
      this.refused(error);
      return sender.send(datagram);
    });
    stats.sentLines += lineCount;
    stats.sentBytes += datagram.length;
  }

  private skipLine(byteCount: number): void {
    const { stats, log } = this.context;
    stats.oversizedLines++;
    if (this.hasWarnedOfLength) return;
    this.hasWarnedOfLength = true;
    const limit = `a datagram takes ${DATAGRAM_BYTES_MAX}`;
    log("warning", `dropped a line of ${byteCount} bytes, ${limit}; more are only counted`);
  }

  private refused(error: unknown): void {
    const { stats, log } = this.context;
    stats.failures++;
    this.refusedSinceSend = true;
    if (this.isRefused) return;
    this.isRefused = true;
    log("warning", `datagrams are lost: ${reasonOf(error)}`);
  }

  private noteRecovery(): void {
    if (this.isRefused && !this.refusedSinceSend) {
      this.isRefused = false;
      this.context.log("info", "datagrams are not refused any more");
    }
    this.refusedSinceSend = false;
  }
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}
