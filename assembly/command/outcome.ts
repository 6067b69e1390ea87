/**
 * What a command came to; and error replies. What a command got wrong is quoted as the original
 * quotes it.
 */
import { Outcome } from "../abi";
import { arenaMark } from "../bytes/arena";
import { ascii } from "../bytes/ascii";
import { addQuoted, Quoting } from "../bytes/escape";
import { addText, writeAt } from "../bytes/put";
import { copiedText } from "../bytes/text";

/** `Outcome` bits of the last command. */
export let outcome: u32 = 0;

export function clearOutcome(): void {
  outcome = 0;
}

export function setOutcome(bits: u32): void {
  outcome |= bits;
}

/** An error reply, or its beginning. */
export function openFailure(text: usize): void {
  outcome = Outcome.Failed;
  writeAt(arenaMark());
  addText(ascii("error: "));
  addText(text);
}

/** An error reply: a text, and what was copied last. */
export function fail(text: usize): bool {
  openFailure(text);
  addText(copiedText());
  return false;
}

/** An error about a level: the original quotes it. */
export function failLevel(): bool {
  openFailure(ascii('"'));
  addQuoted(copiedText(), Quoting.Ocaml);
  addText(ascii('": unknown log level'));
  return false;
}
