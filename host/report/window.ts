/**
 * A part of a trace by time: from `sinceUs` on, before `untilUs`.
 */
import type { TraceVisitor } from "../trace/visitor.js";

/** Microseconds since the trace's start. */
export interface Window {
  /** The first moment that belongs to it. */
  readonly sinceUs: number;
  /** The first one that does not. */
  readonly untilUs: number;
}

/** All of a trace. */
export const EVERYTHING: Window = { sinceUs: 0, untilUs: Number.POSITIVE_INFINITY };

/** Tells `visitor` only what happened in a window. */
export function windowed(visitor: TraceVisitor, { sinceUs, untilUs }: Window): TraceVisitor {
  if (sinceUs === 0 && untilUs === EVERYTHING.untilUs) return visitor;
  const has = (timeUs: number) => timeUs >= sinceUs && timeUs < untilUs;
  return {
    begin: (info, codes) => visitor.begin?.(info, codes),
    allocate: (event) => {
      if (has(event.timeUs)) visitor.allocate(event);
    },
    promote: (event) => {
      if (has(event.timeUs)) visitor.promote?.(event);
    },
    collect: (event) => {
      if (has(event.timeUs)) visitor.collect?.(event);
    },
  };
}
