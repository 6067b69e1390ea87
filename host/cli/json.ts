/**
 * JSON for people and scripts: indented, and safe to stand on a terminal.
 */
import { escapeJson } from "../logs/escape.js";

/** The value as indented lines. Names in it may be anybody's. */
export function jsonLines(value: unknown): string {
  const lines = JSON.stringify(value, undefined, 2).split("\n");
  return `${lines.map(escapeJson).join("\n")}\n`;
}
