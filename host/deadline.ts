/**
 * Timed settings revert by themselves, scraped or not: waits for the core's next deadline.
 */
import type { Core } from "./core.js";
import type { Platform } from "./platform.js";

const TIMER_MS_MAX = 2 ** 31 - 1;

export class Deadline {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly core: Core,
    private readonly platform: Platform,
  ) {}

  /** Reverts what is due, and waits for the next deadline; to be called after each change. */
  await(): void {
    clearTimeout(this.#timer);
    const nowNs = this.platform.nowNs();
    const deadlineNs = this.core.exports.expire(nowNs);
    if (deadlineNs === 0n) return;
    const waitMs = Number((deadlineNs - nowNs) / 1_000_000n) + 1;
    this.#timer = setTimeout(() => this.await(), Math.min(Math.max(waitMs, 1), TIMER_MS_MAX));
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Waits no more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
