/**
 * The words for what a switch can be set to.
 */
import { ascii } from "../bytes/ascii";
import { copyText } from "../bytes/text";
import { addWord, findWord } from "../bytes/word";
import { logs } from "../metrics/registry";
import { Setting } from "../metrics/setting";

/** Of `Level`, by number. */
const LEVELS = ascii("quiet app error warning info debug");
/** Those at odd places mean on. */
const SWITCHES = ascii("off on disable enable");

/** The value that a word stands for, -1 for no word: a level case-sensitive, others in any case. */
export function parseValue(isLevel: bool, start: usize, end: usize): i32 {
  const index = findWord(isLevel ? LEVELS : SWITCHES, copyText(start, end, isLevel ? 0 : 0x20), 0);
  return isLevel | (index < 0) ? index : index & 1;
}

/** Appends what a value is called. */
export function addValue(catalog: Setting, value: u32): void {
  addWord(catalog == logs ? LEVELS : ascii("disabled enabled"), value);
}
