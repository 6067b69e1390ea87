/**
 * Text that others wrote, made safe to stand in one line of a log: it can neither begin a new
 * line nor reach the terminal as an escape sequence, nor reorder what a reader sees.
 */

// C0, DEL, C1, unpaired surrogates, line and paragraph separators, bidirectional controls, the BOM.
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\ufeff]/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Writes unsafe characters as `\n`, `\r`, `\t`, `\xHH` or `\uHHHH`; a backslash stays as it is. */
export function escapeControl(text: string): string {
  return text.replace(
    UNSAFE,
    (character) => NAMED[character] ?? numbered(character).replace("\\u00", "\\x"),
  );
}

/** The same for text of several lines, which stay lines. */
export function escapeLines(text: string): string {
  return text.split("\n").map(escapeControl).join("\n");
}

/** Writes what JSON leaves raw and a terminal or line reader would act on as `\uHHHH`. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, numbered);
}

function numbered(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
