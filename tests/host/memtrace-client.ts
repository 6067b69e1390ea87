/**
 * A client of the memory trace port, as `nc` is one: takes what comes, and can stop taking.
 */
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { readTrace, type TraceText } from "../guests/traced.js";
import { until } from "./until.js";

export class TraceClient {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  byteCount = 0;
  isClosed = false;
  /** The server has sent its last byte. */
  isEnded = false;

  /** Connects to a port of this machine, or to a Unix socket's path. */
  constructor(t: TestContext, place: number | string) {
    const where = typeof place === "number" ? { port: place, host: "127.0.0.1" } : { path: place };
    this.socket = connect({ ...where, allowHalfOpen: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.#chunks.push(chunk);
      this.byteCount += chunk.length;
    });
    this.socket.on("end", () => {
      this.isEnded = true;
    });
    this.socket.on("close", () => {
      this.isClosed = true;
    });
    t.after(() => this.socket.destroy());
  }

  /** Waits until so many bytes have come. */
  async has(byteCount: number): Promise<void> {
    await until(`${byteCount} bytes have come`, () => this.byteCount >= byteCount);
  }

  /** Waits for the end of the trace, which must be whole; then closes. */
  async finish(): Promise<TraceText> {
    await until("the trace has ended", () => this.isEnded || this.isClosed);
    this.socket.end();
    return this.read();
  }

  read(): TraceText {
    return readTrace(Buffer.concat(this.#chunks));
  }
}
