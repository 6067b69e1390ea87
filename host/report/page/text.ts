/**
 * Texts of a trace, made fit to be looked at: a guest chooses the names of its functions, and may
 * choose some that reverse the line they stand in, hide, or never end.
 */

/** A function's or a file's name is cut in its middle beyond this. */
export const NAME_CHARACTERS_MAX = 500;

/** Any other text of a trace is cut in its middle beyond this. */
export const FACT_CHARACTERS_MAX = 4_000;

/** Controls, lone surrogates, and what is invisible or changes the direction of writing. */
const UNSEEN =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

/** The text with what cannot be seen written as `⟨U+202E⟩`, cut to about `charactersMax`. */
export function cleanText(text: string, charactersMax: number): string {
  return cutMiddle(text, charactersMax).replace(
    UNSEEN,
    (unseen) => `⟨U+${(unseen.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}

function cutMiddle(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const half = Math.floor((charactersMax - 1) / 2);
  return `${text.slice(0, half)}…${text.slice(-half)}`;
}
