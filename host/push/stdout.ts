/**
 * Delivery to the process's standard output, for pipes and for looking.
 */
import { type Failure, reasonOf, type Transport, type TransportContext } from "./transport.js";

/** Writes lines as they are; each counts as sent when the output has taken it. */
export class StdoutTransport implements Transport {
  readonly writtenLine = 0;

  constructor(private readonly context: TransportContext) {}

  get hasWork(): boolean {
    return this.context.buffer.lineCount > 0;
  }

  async send(): Promise<Failure | undefined> {
    const { platform, buffer, stats } = this.context;
    try {
      for (let span = buffer.findFrom(0); span; span = buffer.findFrom(0)) {
        await platform.writeStdout?.(span.bytes);
        stats.sentLines += buffer.releaseBefore(span.endLine);
        stats.sentBytes += span.bytes.length;
      }
      stats.connected = 1;
      return undefined;
    } catch (error) {
      stats.connected = 0;
      return { reason: reasonOf(error) };
    }
  }

  async finish(): Promise<boolean> {
    return true;
  }

  destroy(): void {
    this.context.stats.connected = 0;
  }
}
