/**
 * The bytes of a trace: from a file or standard input, unpacked if they are gzip's.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";
import { MonitorError } from "../errors.js";
import { TraceReader, type TraceSummary } from "../trace/reader.js";
import type { TraceVisitor } from "../trace/visitor.js";

const CHUNK_BYTES = 1 << 20;
/** Means standard input. */
export const STANDARD = "-";

const GZIP_MAGIC = [0x1f, 0x8b];

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read",
  Z_DATA_ERROR: "its compressed data are damaged",
};

/**
 * Reads a trace to its end and tells `visitor`. Throws a MonitorError that names the file if there
 * is none, it cannot be read or is no trace.
 */
export async function readTrace(path: string, visitor: TraceVisitor): Promise<TraceSummary> {
  const name = path === STANDARD ? "standard input" : path;
  const reader = new TraceReader(visitor);
  try {
    return reader.end(await pour(await open(path), reader));
  } catch (error) {
    if (!(error instanceof MonitorError)) throw error;
    throw new MonitorError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

async function open(path: string): Promise<Readable> {
  if (path === STANDARD) return process.stdin;
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new MonitorError("NO_SUCH_THING", describe(error), { cause: error });
  });
  if (stats.isDirectory())
    throw new MonitorError("NO_SUCH_THING", "a directory; wanted is the file of one trace");
  return createReadStream(path, { highWaterMark: CHUNK_BYTES });
}

/** Hands all bytes to the reader; resolves with the reason if they end before their end. */
async function pour(stream: Readable, reader: TraceReader): Promise<string | undefined> {
  const chunks = unpacked(stream);
  for (let hasBytes = false; !reader.isDamaged; hasBytes = true) {
    const next = await chunks.next().catch((error: Error) => error);
    if (next instanceof Error) {
      if (hasBytes) return describe(next);
      throw new MonitorError("MALFORMED", describe(next), { cause: next });
    }
    if (next.done) break;
    reader.push(next.value);
  }
  return undefined;
}

/** The stream's bytes, unpacked if the first two are gzip's. */
async function* unpacked(stream: Readable): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let start: Uint8Array = new Uint8Array(0);
  while (start.length < GZIP_MAGIC.length) {
    const { value, done } = await chunks.next();
    if (done) break;
    start = Buffer.concat([start, value]);
  }
  const bytes = chain(start, chunks);
  const isPacked = GZIP_MAGIC.every((byte, index) => start[index] === byte);
  yield* isPacked ? unpack(bytes) : bytes;
}

async function* chain(
  start: Uint8Array,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  yield* { [Symbol.asyncIterator]: () => chunks };
}

/** A cut archive gives what it has: that the trace is cut, its reader finds out. */
function unpack(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const options = { chunkSize: CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
  return pipeline(bytes, createGunzip(options), () => {
    // An error comes out of the last stream.
  });
}

function describe(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ""] ?? message;
}
