/**
 * A line on a terminal that says how far long work has come, written over again and again. Nothing
 * is shown of work that ends at once, and nothing where nobody looks.
 */
import { isatty } from "node:tty";
import { put } from "./stderr.js";

const STDERR = 2;
const FIRST_MS = 500;
const STEP_MS = 100;

export class Ticker {
  readonly #isTerminal = isatty(STDERR);
  #nextMs = performance.now() + FIRST_MS;
  #isShown = false;

  /** Shows `text`, if it is time. */
  show(text: () => string): void {
    if (!this.#isTerminal || performance.now() < this.#nextMs) return;
    put(STDERR, `\r\x1b[Kwmon: ${text()}`);
    this.#isShown = true;
    this.#nextMs = performance.now() + STEP_MS;
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#isShown) put(STDERR, "\r\x1b[K");
    this.#isShown = false;
  }
}
