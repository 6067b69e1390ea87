/**
 * Handles: what a guest keeps to write one field of one series, one import call a write.
 * A handle of something that was refused is negative: its writes do nothing but are counted by
 * the monitor. Writes while the source is disabled are dropped by the monitor.
 */

import { scratch } from "./message";
import {
  counter_add,
  gauge_add,
  gauge_set,
  integer_set,
  is_active,
  observe,
  text_set,
} from "./monitor";

/** A number of the monitor's that names one field of one series; negative if refused. */
export class Handle {
  constructor(readonly id: i32) {}

  /** True while the source is enabled: ask before computing something dear. */
  get isActive(): bool {
    return is_active(this.id) !== 0;
  }
}

/** Writes a counter. */
@final
export class CounterHandle extends Handle {
  /** Adds `value`, which must not be negative. */
  inc(value: f64 = 1): void {
    counter_add(this.id, value);
  }
}

/** Writes a gauge, float, flag or duration. */
@final
export class GaugeHandle extends Handle {
  /** Sets it; a flag takes 0 or 1, a duration nanoseconds. */
  set(value: f64): void {
    gauge_set(this.id, value);
  }

  inc(value: f64 = 1): void {
    gauge_add(this.id, value);
  }

  dec(value: f64 = 1): void {
    gauge_add(this.id, -value);
  }
}

/** Writes a 64-bit integer; an unsigned field takes its bits. */
@final
export class IntegerHandle extends Handle {
  set(value: i64): void {
    integer_set(this.id, value);
  }
}

/** Writes a histogram or a summary. */
@final
export class ObserverHandle extends Handle {
  observe(value: f64): void {
    observe(this.id, value);
  }
}

/** Writes a text. */
@final
export class TextHandle extends Handle {
  /** Sets it; the monitor cuts it at the field's capacity. */
  set(text: string): void {
    if (!this.isActive) return;
    scratch.reset();
    scratch.putText(text);
    text_set(this.id, scratch.address, scratch.byteCount);
  }
}
