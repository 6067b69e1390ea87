/**
 * Collection hooks: what runs just before a gather to bring values up to date. A hook that throws,
 * or whose promise rejects, costs a count and one log line, nothing else.
 */
interface Hook {
  readonly run: () => unknown;
  readonly source: { readonly active: boolean } | undefined;
  isReported: boolean;
}

export class Hooks {
  /** Hooks that threw, or whose promise rejected. */
  failures = 0;
  readonly #hooks = new Set<Hook>();
  #isRunning = false;

  constructor(private readonly report: (error: unknown) => void) {}

  /** Adds a hook; it runs while `source` is active, if one is given. Returns what removes it. */
  add(run: Hook["run"], source: Hook["source"]): () => void {
    const hook = { run, source, isReported: false };
    this.#hooks.add(hook);
    return () => void this.#hooks.delete(hook);
  }

  /** Runs the hooks of active sources; never throws. A hook that gathers runs none. */
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
      const result = (hook.source === undefined || hook.source.active) && hook.run();
      // An unhandled rejection would end the program that is watched.
      if (result instanceof Promise) result.catch(fail);
    } catch (error) {
      fail(error);
    }
  }
}
