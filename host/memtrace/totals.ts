/**
 * What tracing did since the start, as numbers for the source `memtrace`, and what traces lost, by
 * reason, for the source `memtrace_dropped`.
 */

import type { Part } from "../self.js";
import { Count } from "./event.js";
import type { TracedGuest } from "./guest.js";
import type { Session, TraceEnd } from "./session.js";

/** Why events were dropped, and in which count of a recorder that is. */
const REASONS = {
  /** The reader is slow: an allocation found no room. */
  backlog: Count.Backlog,
  /** The reader is slow: a free found no room. */
  frees: Count.Collects,
  /** A hook failed, as where a guest's stack is used up. */
  errors: Count.Failed,
} as const;

/** A reason for which events are dropped: the tag of `memtrace_dropped`. */
export type DropReason = keyof typeof REASONS;
export const DROP_REASONS = Object.keys(REASONS) as DropReason[];

export class TraceTotals {
  /** Clients that came while another was served. */
  refusedClients = 0;
  #session: Session | undefined;
  readonly #guests = new Set<TracedGuest>();
  /** Of guests that are gone, by `Count`. */
  readonly #past: number[] = [];
  readonly #ended = { samples: 0, events: 0, bytes: 0 };
  readonly #sessions = { begun: 0, capped: 0, failed: 0 };

  addGuest(guest: TracedGuest): void {
    this.#guests.add(guest);
  }

  removeGuest(guest: TracedGuest): void {
    if (!this.#guests.delete(guest)) return;
    guest.counts.forEach((count, index) => {
      this.#past[index] = (this.#past[index] ?? 0) + (index === Count.Live ? 0 : count);
    });
  }

  begin(session: Session): void {
    this.#session = session;
    this.#sessions.begun++;
  }

  end(session: Session, reason: TraceEnd): void {
    this.#session = undefined;
    this.#ended.samples += session.samples;
    this.#ended.events += session.allocations + session.collects;
    this.#ended.bytes += session.bytes;
    if (reason === "capped") this.#sessions.capped++;
    if (reason === "failed") this.#sessions.failed++;
  }

  /** Events dropped so far for one reason. */
  dropped(reason: DropReason): number {
    return this.#count(REASONS[reason]);
  }

  /** Events dropped so far. */
  allDropped(): number {
    return DROP_REASONS.reduce((sum, reason) => sum + this.dropped(reason), 0);
  }

  /** The fields of `memtrace`, in order. */
  read() {
    const now = this.#session;
    return {
      samples: this.#ended.samples + (now?.samples ?? 0),
      events: this.#ended.events + (now ? now.allocations + now.collects : 0),
      bytes: this.#ended.bytes + (now?.bytes ?? 0),
      sessions: this.#sessions.begun,
      refusedClients: this.refusedClients,
      cappedSessions: this.#sessions.capped,
      failedSessions: this.#sessions.failed,
      untrackedBlocks: this.#count(Count.Untracked),
      cutBacktraces: this.#count(Count.Cut),
      active: now ? 1 : 0,
      liveBlocks: this.#count(Count.Live),
    };
  }

  #count(which: Count): number {
    let sum = this.#past[which] ?? 0;
    for (const guest of this.#guests) sum += guest.counts[which] ?? 0;
    return sum;
  }
}

/** Shows the numbers as the sources `memtrace` and `memtrace_dropped`. */
export function showTotals(totals: TraceTotals, show: (part: Part) => void): void {
  show({
    name: "memtrace",
    help: "Memory traces",
    gauges: ["active", "liveBlocks"],
    read: () => totals.read(),
  });
  for (const reason of DROP_REASONS) {
    show({
      name: "memtrace_dropped",
      help: "Events that a memory trace lost, by reason",
      tag: { key: "reason", value: reason },
      read: () => ({ events: totals.dropped(reason) }),
    });
  }
}
