/**
 * What a reader tells of a trace, as a dump.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Dump } from "../../host/report/dump.js";
import { TraceReader, type TraceSummary } from "../../host/trace/reader.js";

const FOLDER = "tests/vectors/memtrace";

export const VECTORS = ["deep", "guest", "wide"] as const;

export type VectorName = (typeof VECTORS)[number];

/** A trace that memtrace made, and what its tools print of it. */
export interface Vector {
  readonly trace: Uint8Array;
  readonly dump: string;
  readonly hotspots: string;
}

export function readVector(name: VectorName): Vector {
  return {
    trace: new Uint8Array(readFileSync(`${FOLDER}/${name}.ctf`)),
    dump: gunzipSync(readFileSync(`${FOLDER}/${name}.dump.txt.gz`)).toString(),
    hotspots: readFileSync(`${FOLDER}/${name}.hotspots.txt`, "utf8"),
  };
}

export interface Told {
  readonly dump: string;
  readonly summary: TraceSummary;
}

/** Reads a trace in chunks of `chunkBytes`. */
export function tell(trace: Uint8Array, chunkBytes = trace.length): Told {
  const lines: string[] = [];
  const reader = new TraceReader(new Dump((line) => lines.push(line)));
  for (let at = 0; at < trace.length; at += chunkBytes)
    reader.push(trace.subarray(at, at + chunkBytes));
  const summary = reader.end();
  return { dump: lines.join(""), summary };
}
