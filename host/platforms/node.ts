/**
 * Node's capabilities. Built-in modules and the other files of this adapter load when first used:
 * importing the package must stay cheap for a program that only counts.
 */
import type * as Fs from "node:fs";
import type * as Os from "node:os";
import type * as Tty from "node:tty";
import type * as Zlib from "node:zlib";
import type { Platform } from "../platform.js";
import { builtin } from "./node-builtin.js";
import { connect } from "./node-sockets.js";

/** The platform of Node 20 and newer. */
export const nodePlatform: Platform = {
  processId: String(process.pid),
  environment: process.env,
  isStderrTerminal: () => builtin<typeof Tty>("node:tty").isatty(2),
  hostName: () => builtin<typeof Os>("node:os").hostname(),
  engine: `v8 ${process.versions.v8}`,
  traceModule: () => readModule("memtrace.wasm"),
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  connect,
  async listen(address, accept) {
    const { listen } = await import("./node-listeners.js");
    return listen(address, accept);
  },
  async serveHttp(address, handle) {
    const { serveHttp } = await import("./node-http.js");
    return serveHttp(address, handle);
  },
  async openDatagram(address, onError) {
    const { openDatagram } = await import("./node-datagrams.js");
    return openDatagram(address, onError);
  },
  async post(request) {
    const { post } = await import("./node-client.js");
    return post(request);
  },
  gzip,
  writeStdout,
  writeStderr,
};

/** Compiles the core that the package carries: the shared build for `shared`. */
export function readCore(shared: boolean): WebAssembly.Module {
  return readModule(shared ? "monitor.shared.wasm" : "monitor.wasm");
}

function readModule(file: string): WebAssembly.Module {
  const { readFileSync } = builtin<typeof Fs>("node:fs");
  return new WebAssembly.Module(readFileSync(new URL(`../../${file}`, import.meta.url)));
}

function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const zlib = builtin<typeof Zlib>("node:zlib");
  return new Promise((resolve, reject) => {
    zlib.gzip(bytes, (error, result) => (error ? reject(error) : resolve(result)));
  });
}

/**
 * Node writes to a pipe synchronously: a reader that stops reading stops the process, as it does
 * with `console.log`.
 */
function writeStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    guard(process.stdout).write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function writeStderr(text: string): void {
  guard(process.stderr).write(text);
}

const guarded = new WeakSet<NodeJS.WriteStream>();

/** A reader that has gone away must not end the program that is watched. */
function guard(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  if (guarded.has(stream)) return stream;
  guarded.add(stream);
  return stream.on("error", () => {});
}
