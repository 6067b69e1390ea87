/**
 * Signals that end a run in good order. A second one ends it at once.
 */
const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** A signal that ends a run. */
export type EndSignal = keyof typeof NUMBERS;

/** Resolves with the first signal; from then on signals act as if nobody listened. */
export function firstSignal(): Promise<EndSignal> {
  const names = Object.keys(NUMBERS) as EndSignal[];
  return new Promise((resolve) => {
    const receive = (name: NodeJS.Signals) => {
      for (const each of names) process.removeListener(each, receive);
      resolve(name as EndSignal);
    };
    for (const name of names) process.on(name, receive);
  });
}

/** The exit code that tells of a signal: 130 for SIGINT, 143 for SIGTERM. */
export function signalExitCode(name: EndSignal): number {
  return 128 + NUMBERS[name];
}

/**
 * Ends this process by a signal: the way out when an orderly exit would wait for a blocked thread.
 */
export function dieBy(name: EndSignal): Promise<never> {
  process.kill(process.pid, name);
  return new Promise(() => {});
}
