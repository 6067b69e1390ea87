/**
 * The lightest HTTP/1.1 client that a benchmark can have: one kept connection, and of each answer
 * only its status and its length are read, so that the time is the server's.
 */
import { connect, type Socket } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");

/** What one read takes at most: what Node gives a socket by itself, and what fits a cache. */
const READ_BYTES = 65_536;

/** Opens a connection to a server on loopback. */
export async function openClient(port: number): Promise<Client> {
  let client: Client | undefined;
  const socket = connect({
    host: "127.0.0.1",
    port,
    noDelay: true,
    onread: {
      buffer: Buffer.alloc(READ_BYTES),
      callback(byteCount, buffer) {
        client?.read(Buffer.from(buffer.buffer, buffer.byteOffset, byteCount));
        return true;
      },
    },
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve).once("error", reject);
  });
  client = new Client(socket);
  return client;
}

/** One request at a time. */
export class Client {
  private head = Buffer.alloc(0);
  /** Bytes of the body that are still to come; negative while the head is incomplete. */
  private bodyLeft = -1;
  private bodyBytes = 0;
  private settle: ((bodyBytes: number) => void) | undefined;

  constructor(private readonly socket: Socket) {}

  /** Resolves to the body's length once all of it has arrived. */
  get(path: string): Promise<number> {
    this.socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    return new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  close(): void {
    this.socket.destroy();
  }

  /** Takes what has arrived; the bytes are the caller's again afterwards. */
  read(chunk: Buffer): void {
    if (this.bodyLeft >= 0) this.count(chunk.length);
    else this.readHead(chunk);
  }

  private readHead(chunk: Buffer): void {
    this.head = Buffer.concat([this.head, chunk]);
    const headBytes = this.head.indexOf(HEAD_END);
    if (headBytes < 0) return;
    const head = this.head.toString("latin1", 0, headBytes);
    const length = /^content-length: (\d+)/im.exec(head)?.[1];
    if (!head.startsWith("HTTP/1.1 200") || length === undefined) throw new Error(head);
    const arrived = this.head.length - headBytes - HEAD_END.length;
    this.head = Buffer.alloc(0);
    this.bodyBytes = Number(length);
    this.bodyLeft = this.bodyBytes;
    this.count(arrived);
  }

  private count(arrived: number): void {
    this.bodyLeft -= arrived;
    if (this.bodyLeft > 0) return;
    this.bodyLeft = -1;
    this.settle?.(this.bodyBytes);
  }
}
