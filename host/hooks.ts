/**
 * Collection hooks: what runs just before a gather to bring values up to date. A hook that throws,
 * or whose promise rejects, costs a count and one log line, nothing else.
 */
interface Hook {
  readonly isWanted: () => boolean;
  readonly run: () => unknown;
  isReported: boolean;
}

export class Hooks {
  /** Hooks that threw, or whose promise rejected. */
  failures = 0;
  readonly #hooks = new Set<Hook>();
  #isRunning = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** Adds a hook; it runs while `isWanted`. Returns what removes it. */
  add(run: () => unknown, isWanted: () => boolean = () => true): () => void {
    const hook = { isWanted, run, isReported: false };
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /** Runs all hooks that are wanted; never throws. A hook that gathers does not run them again. */
  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      // A copy: hooks may add and remove hooks.
      for (const hook of [...this.#hooks]) this.#runOne(hook);
    } finally {
      this.#isRunning = false;
    }
  }

  #runOne(hook: Hook): void {
    const fail = (error: unknown) => {
      this.failures++;
      if (hook.isReported) return;
      hook.isReported = true;
      this.report(error);
    };
    try {
      const result = hook.isWanted() && hook.run();
      // An unhandled rejection would end the program that is watched.
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}
