/**
 * Golden files: text that a test makes, committed, reviewed as a diff.
 * `npm run golden` rewrites them.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Compares text with a committed file, or rewrites the file when the run is to refresh them. */
export function matchGolden(path: string, actual: string): void {
  if (process.env.GOLDEN !== undefined) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  assert.ok(existsSync(path), `${path} is missing: npm run golden makes it`);
  assert.equal(
    actual,
    readFileSync(path, "utf8"),
    `differs from ${path}: npm run golden, and review`,
  );
}
