/**
 * Child program of `edge.ts`, for Node, Deno and Bun: prints the milliseconds of `edge-start.ts`,
 * its import included. Its argument is the core's file.
 */
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";

const begin = performance.now();
const bytes = readFileSync(argv[2] ?? "");
await import("./edge-start.js");
const scope = globalThis as unknown as { startEdge: (bytes: Uint8Array) => Promise<number> };
await scope.startEdge(bytes);
console.log(performance.now() - begin);
exit(0);
