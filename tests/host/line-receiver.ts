/**
 * A receiver of line protocol over TCP or a Unix socket, which can be taken away and brought back
 * at the same address. It keeps whole lines only, as a store would.
 */
import { createServer, type Server, type Socket } from "node:net";

export class LineReceiver {
  readonly lines: string[] = [];
  connectionCount = 0;
  /** Lines that ended without newline: the sender broke off within. */
  readonly torn: string[] = [];
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private port = 0;

  constructor(private readonly options: { path?: string; isDeaf?: boolean } = {}) {}

  get url(): string {
    return this.options.path ? `unix:${this.options.path}` : `tcp://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer((socket) => this.take(socket));
    const where = this.options.path
      ? { path: this.options.path }
      : { host: "127.0.0.1", port: this.port };
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(where, resolve);
    });
    const address = server.address();
    if (address !== null && typeof address === "object") this.port = address.port;
    this.server = server;
    return this;
  }

  /** Goes away as a killed process does: TCP connections are reset, or closed if `isPolite`. */
  async stop(isPolite = false): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cut(isPolite);
    await closed;
  }

  /** Breaks every connection, and goes on listening. */
  cut(isPolite = false): void {
    for (const socket of this.sockets) {
      if (isPolite || this.options.path) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  private take(socket: Socket): void {
    this.connectionCount++;
    this.sockets.add(socket);
    let rest = "";
    socket.on("error", () => {});
    socket.on("close", () => {
      this.sockets.delete(socket);
      if (rest !== "") this.torn.push(rest);
    });
    if (this.options.isDeaf) {
      socket.pause();
      return;
    }
    socket.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) this.lines.push(line);
    });
  }
}
