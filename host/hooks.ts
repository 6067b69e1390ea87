/**
 * Collection hooks: what runs just before a gather to bring values up to date. A hook that throws
 * costs a count and one log line, nothing else.
 */
export class Hooks {
  /** Hooks that threw. */
  failures = 0;
  readonly #hooks: { readonly isWanted: () => boolean; readonly run: () => void }[] = [];
  readonly #reported = new Set<() => void>();

  constructor(private readonly report: (error: unknown) => void) {}

  /** Adds a hook; it runs while `isWanted`. Returns what removes it. */
  add(run: () => void, isWanted: () => boolean = () => true): () => void {
    const hook = { isWanted, run };
    this.#hooks.push(hook);
    return () => {
      const index = this.#hooks.indexOf(hook);
      if (index >= 0) this.#hooks.splice(index, 1);
    };
  }

  /** Runs all hooks that are wanted; never throws. */
  run(): void {
    for (const { isWanted, run } of this.#hooks) {
      if (!isWanted()) continue;
      try {
        run();
      } catch (error) {
        this.failures++;
        if (this.#reported.has(run)) continue;
        this.#reported.add(run);
        this.report(error);
      }
    }
  }
}
