/**
 * Completion of control commands: source names as `l*` and `m*` list them, then levels or switches.
 */
const LEVELS = ["quiet", "app", "error", "warning", "info", "debug"];
const SWITCHES = ["on", "off", "enable", "disable"];
const STARTS = ["l", "l*", "m", "m*", "L", "L*:", "M", "M*:", "?"];

/** The command that lists the names for `line`: log sources are others than measured ones. */
export function listingFor(line: string): "l*" | "m*" {
  return /^\s*l/i.test(line) ? "l*" : "m*";
}

/** Names in the reply to `l*` or `m*`: what stands before the last colon of each item. */
export function listedNames(reply: string): string[] {
  return reply
    .replace(/^ok: ?/, "")
    .split(",")
    .map((item) => item.slice(0, item.lastIndexOf(":")))
    .filter((name) => name !== "" && name !== "*");
}

/**
 * Candidates for the end of `line`, and the part of it that they replace, as readline wants them.
 */
export function complete(line: string, names: readonly string[]): [string[], string] {
  const form = line[0] ?? "";
  if (!"lmLM".includes(form) || line.length < 2) return matching(STARTS, line);
  const item = line.slice(1).split(",").at(-1) ?? "";
  const colonAt = item.lastIndexOf(":");
  if (form === "l" || form === "m") return matching(names, item);
  const values = form === "L" ? LEVELS : SWITCHES;
  const isNamed = colonAt >= 0 && !item.endsWith("src:") && item !== "tag:";
  if (isNamed) return matching(values, item.slice(colonAt + 1));
  return matching(
    [...names, "*"].map((name) => `${name}:`),
    item,
  );
}

function matching(candidates: readonly string[], fragment: string): [string[], string] {
  const found = candidates.filter((candidate) => candidate.startsWith(fragment));
  return [[...new Set(found)].sort(), fragment];
}
