/**
 * The bounds of numbers that a user gives.
 */
import { optionInvalid } from "../errors.js";

/** Timers take no more milliseconds. */
const NUMBER_MAX = 2 ** 31 - 1;

/** The value of an option, if it is above 0 and a timer could take it. Throws `OPTION_INVALID`. */
export function checkPositive(name: string, value: number): number {
  if (value > 0 && value <= NUMBER_MAX) return value;
  return optionInvalid(`${name} is ${value}; it must be above 0, and at most ${NUMBER_MAX}`);
}
