/**
 * Text that others wrote, made safe to stand in one line of a log: it can neither begin a new
 * line nor reach the terminal as an escape sequence, nor reorder what a reader sees.
 */

// C0, DEL, C1, line and paragraph separators, bidirectional controls, and unpaired surrogates.
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Writes unsafe characters as `\n`, `\r`, `\t`, `\xHH` or `\uHHHH`; a backslash stays as it is. */
export function escapeControl(text: string): string {
  return text.replace(UNSAFE, (character) => NAMED[character] ?? numbered(character, "\\x"));
}

/** The same for text of several lines, which stay lines. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeControl).join("\n");
}

/** Writes what JSON leaves raw and a terminal or line reader would act on as `\uHHHH`. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) => numbered(character, "\\u"));
}

function numbered(character: string, prefix: "\\x" | "\\u"): string {
  const code = character.charCodeAt(0);
  const isShort = prefix === "\\x" && code < 256;
  return isShort
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}
