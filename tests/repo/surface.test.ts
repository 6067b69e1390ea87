/**
 * What `import "wasm-monitoring"` and its sub-paths offer, as committed text: a change of it is a
 * diff in review.
 */
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { matchGolden } from "../golden.js";

const ENTRIES = [
  "index",
  "edge/index",
  "edge/serve",
  "edge/push",
  "edge/tcp",
  "edge/guest",
  "edge/counter-source",
  "edge/collector",
  "edge/page",
  "edge/sandbox",
  "edge/memtrace",
];

/** The declarations of a file and, below it, of every file that it re-exports from. */
function surfaceOf(path: string, seen: Set<string>): string {
  if (seen.has(path)) return "";
  seen.add(path);
  const text = readFileSync(path, "utf8")
    .replace(/\/\*\*[\s\S]*?\*\/\n?/g, "")
    .replace(/^\/\/#.*\n?/gm, "")
    .replace(/^\s*\n/gm, "");
  const reexported = [...text.matchAll(/^export [^;]*?from "(\.[^"]+)"/gm)].map((match) =>
    surfaceOf(posix.join(posix.dirname(path), `${match[1]}`.replace(/\.js$/, ".d.ts")), seen),
  );
  return [`// ${path.replace(/^build\//, "")}\n${text}`, ...reexported].filter(Boolean).join("\n");
}

test("the public surface is as committed", () => {
  const seen = new Set<string>();
  const texts = ENTRIES.map((entry) => surfaceOf(`build/host/${entry}.d.ts`, seen));
  matchGolden("tests/repo/surface.txt", texts.join("\n"));
});
