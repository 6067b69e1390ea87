/**
 * How the command line ends: with the code of what it did, or with 2 and a sentence.
 */
import { say } from "./stderr.js";

/** The command line is wrong, or a guest cannot start. */
export const EXIT_USAGE = 2;

/** Exits with the code that `work` resolves with. */
export async function leave(work: () => Promise<number>): Promise<never> {
  try {
    process.exit(await work());
  } catch (error) {
    say((error as Error).message);
    process.exit(EXIT_USAGE);
  }
}
