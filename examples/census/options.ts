/**
 * The command line: `census [--rounds N] [--pause MS] PATH...`.
 */

export const USAGE = "usage: census [--rounds N] [--pause MS] PATH...";

/** What the user asked for, or why it was not understood. */
@final
export class Options {
  /** Rounds until the end; 0 is endless. */
  rounds: u32 = 0;
  /** Milliseconds between two rounds. */
  pauseMs: u32 = 1000;
  isHelp: bool = false;
  /** What is wrong with the command line; empty if nothing is. */
  mistake: string = "";
  readonly paths: string[] = [];
}

/** Reads the arguments after the program's name. */
export function parseOptions(texts: string[]): Options {
  const options = new Options();
  let i = 0;
  while (i < texts.length && options.mistake.length === 0) {
    const text = texts[i++];
    if (text === "--help") options.isHelp = true;
    else if (text === "--rounds" || text === "--pause") {
      const value = i < texts.length ? texts[i++] : "";
      if (!isWholeNumber(value)) options.mistake = `${text} takes a whole number, not "${value}"`;
      else if (text === "--rounds") options.rounds = U32.parseInt(value);
      else options.pauseMs = U32.parseInt(value);
    } else if (text.startsWith("--")) options.mistake = `unknown option ${text}`;
    else options.paths.push(text);
  }
  if (options.paths.length === 0 && options.mistake.length === 0) {
    options.mistake = "name at least one file or directory";
  }
  return options;
}

function isWholeNumber(text: string): bool {
  if (text.length === 0 || text.length > 9) return false;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}
