/**
 * Prometheus-style families: sources with the single field `value`, made in one line.
 * `inc`, `set` and `observe` on the family itself write its series without labels; a family that
 * has labels is written through `labels([...])`.
 */
import { SourceFlag, Status } from "../abi";
import { CounterHandle, GaugeHandle, ObserverHandle } from "./handle";
import { Source } from "./source";

/** Upper bounds for durations in seconds: PROTOCOLS section 4. */
const BOUNDS: f64[] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The one field of a family. */
const KEY = "value";

/** A number that only grows: `new Counter("http_requests_total", "Requests served.")`. */
@final
export class Counter {
  private readonly source: Source;
  private readonly plain: CounterHandle;

  /** Registers it. `flags` may be `SourceFlag.ExactName`: no `_total` is added to the name. */
  constructor(name: string, help: string, labelKeys: string[] = [], flags: SourceFlag = 0) {
    const source = makeFamily(name, help, labelKeys, flags);
    source.floatCounter(KEY, help);
    this.source = source;
    this.plain = new CounterHandle(openPlain(source));
  }

  /** A `Status`: `Ok`, or why the monitor refused the family. */
  get status(): Status {
    return this.source.status;
  }

  /** Adds `value`, which must not be negative. */
  inc(value: f64 = 1): void {
    this.plain.inc(value);
  }

  /** The child with these label values; keep it on a hot path. */
  labels(values: string[]): CounterHandle {
    return new CounterHandle(this.source.series(values).firstId);
  }
}

/** A number that goes up and down. */
@final
export class Gauge {
  private readonly source: Source;
  private readonly plain: GaugeHandle;

  /** Registers it. */
  constructor(name: string, help: string, labelKeys: string[] = []) {
    const source = makeFamily(name, help, labelKeys, 0);
    source.floatGauge(KEY, help);
    this.source = source;
    this.plain = new GaugeHandle(openPlain(source));
  }

  /** A `Status`: `Ok`, or why the monitor refused the family. */
  get status(): Status {
    return this.source.status;
  }

  set(value: f64): void {
    this.plain.set(value);
  }

  inc(value: f64 = 1): void {
    this.plain.inc(value);
  }

  dec(value: f64 = 1): void {
    this.plain.dec(value);
  }

  /** The child with these label values; keep it on a hot path. */
  labels(values: string[]): GaugeHandle {
    return new GaugeHandle(this.source.series(values).firstId);
  }
}

/** Counts observations in buckets. */
@final
export class Histogram {
  private readonly source: Source;
  private readonly plain: ObserverHandle;

  /** Registers it. `bounds` ascend; the default suits durations in seconds. */
  constructor(name: string, help: string, labelKeys: string[] = [], bounds: f64[] = BOUNDS) {
    const source = makeFamily(name, help, labelKeys, 0);
    source.histogram(KEY, help, bounds);
    this.source = source;
    this.plain = new ObserverHandle(openPlain(source));
  }

  /** A `Status`: `Ok`, or why the monitor refused the family. */
  get status(): Status {
    return this.source.status;
  }

  observe(value: f64): void {
    this.plain.observe(value);
  }

  /** The child with these label values; keep it on a hot path. */
  labels(values: string[]): ObserverHandle {
    return new ObserverHandle(this.source.series(values).firstId);
  }
}

/** Sum and count of observations, and the quantiles that are asked for. */
@final
export class Summary {
  private readonly source: Source;
  private readonly plain: ObserverHandle;

  /** Registers it. `quantiles` lie in [0, 1]. */
  constructor(name: string, help: string, labelKeys: string[] = [], quantiles: f64[] = []) {
    const source = makeFamily(name, help, labelKeys, 0);
    source.summary(KEY, help, quantiles);
    this.source = source;
    this.plain = new ObserverHandle(openPlain(source));
  }

  /** A `Status`: `Ok`, or why the monitor refused the family. */
  get status(): Status {
    return this.source.status;
  }

  observe(value: f64): void {
    this.plain.observe(value);
  }

  /** The child with these label values; keep it on a hot path. */
  labels(values: string[]): ObserverHandle {
    return new ObserverHandle(this.source.series(values).firstId);
  }
}

function makeFamily(name: string, help: string, labelKeys: string[], flags: SourceFlag): Source {
  return new Source(name, help, labelKeys, "", SourceFlag.Family | flags);
}

/** Registers a family; the handle of its series without labels, or -1 if it has labels. */
function openPlain(source: Source): i32 {
  source.register();
  return source.tagKeys.length === 0 ? source.series().firstId : -1;
}
