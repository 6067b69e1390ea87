/**
 * Collection hooks: what runs just before a gather to bring values up to date. A hook that throws,
 * or whose promise rejects, costs a count and one log line, nothing else.
 */
interface Hook {
  readonly isWanted: () => boolean;
  readonly run: () => unknown;
}

export class Hooks {
  /** Hooks that threw, or whose promise rejected. */
  failures = 0;
  readonly #hooks: Hook[] = [];
  readonly #reported = new Set<Hook>();
  #isRunning = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** Adds a hook; it runs while `isWanted`. Returns what removes it. */
  add(run: () => unknown, isWanted: () => boolean = () => true): () => void {
    const hook = { isWanted, run };
    this.#hooks.push(hook);
    return () => {
      const index = this.#hooks.indexOf(hook);
      if (index >= 0) this.#hooks.splice(index, 1);
      this.#reported.delete(hook);
    };
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
    try {
      if (!hook.isWanted()) return;
      const result = hook.run();
      // An unhandled rejection would end the program that is watched.
      if (result instanceof Promise) result.catch((error) => this.#failed(hook, error));
    } catch (error) {
      this.#failed(hook, error);
    }
  }

  #failed(hook: Hook, error: unknown): void {
    this.failures++;
    if (this.#reported.has(hook)) return;
    this.#reported.add(hook);
    this.report(error);
  }
}
