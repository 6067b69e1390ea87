/**
 * Sources: named units that report a set of typed fields, one series for each set of tag values.
 * Fields are declared first; the first series registers the source with the monitor.
 */
import { FieldType, SourceFlag, Status } from "../abi";
import { CounterHandle, GaugeHandle, IntegerHandle, ObserverHandle, TextHandle } from "./handle";
import { Message, scratch } from "./message";
import { series as findSeries, source as registerSource } from "./monitor";
import { SeriesTable } from "./series-table";

/** No parameters: what most fields have. */
const NONE: f64[] = [];

/** A source: `const disk = new Source("disk", "Work of the disk.", ["id"])`, then its fields. */
@final
export class Source {
  /** A `Status`: the monitor's answer to the registration, `Ok` until then. */
  status: Status = Status.Ok;

  private id: i32 = -1;
  private isRegistered: bool = false;
  private fieldCount: i32 = 0;
  private readonly fields: Message = new Message();
  private readonly known: SeriesTable = new SeriesTable();

  /**
   * Declares a source. `prefix` replaces the name on the Prometheus side (empty: the name);
   * `flags` are `SourceFlag`s; series that stop changing expire after `ttlMs` (0: never).
   */
  constructor(
    readonly name: string,
    readonly help: string,
    readonly tagKeys: string[] = [],
    readonly prefix: string = "",
    readonly flags: SourceFlag = 0,
    readonly ttlMs: f64 = 0,
  ) {}

  /** Declares a counter written as an integer. */
  counter(key: string, help: string, unit: string = ""): CounterField {
    return new CounterField(this.putField(FieldType.Counter, key, help, unit, NONE));
  }

  /** Declares a counter that takes fractions. */
  floatCounter(key: string, help: string, unit: string = ""): CounterField {
    return new CounterField(this.putField(FieldType.FloatCounter, key, help, unit, NONE));
  }

  /** Declares a gauge written as an integer. */
  gauge(key: string, help: string, unit: string = ""): GaugeField {
    return new GaugeField(this.putField(FieldType.Gauge, key, help, unit, NONE));
  }

  /** Declares a gauge that takes fractions. */
  floatGauge(key: string, help: string, unit: string = ""): GaugeField {
    return new GaugeField(this.putField(FieldType.FloatGauge, key, help, unit, NONE));
  }

  /** Declares a plain float. */
  float(key: string, help: string, unit: string = ""): GaugeField {
    return new GaugeField(this.putField(FieldType.F64, key, help, unit, NONE));
  }

  /** Declares a boolean: set it to 0 or 1. */
  flag(key: string, help: string): GaugeField {
    return new GaugeField(this.putField(FieldType.Bool, key, help, "", NONE));
  }

  /** Declares a duration, set in nanoseconds. */
  duration(key: string, help: string): GaugeField {
    return new GaugeField(this.putField(FieldType.Duration, key, help, "", NONE));
  }

  /** Declares a signed 64-bit integer. */
  integer(key: string, help: string, unit: string = ""): IntegerField {
    return new IntegerField(this.putField(FieldType.I64, key, help, unit, NONE));
  }

  /** Declares an unsigned 64-bit integer. */
  unsigned(key: string, help: string, unit: string = ""): IntegerField {
    return new IntegerField(this.putField(FieldType.U64, key, help, unit, NONE));
  }

  /** Declares a histogram with ascending upper bounds; `+Inf` is implied. */
  histogram(key: string, help: string, bounds: f64[], unit: string = ""): ObserverField {
    return new ObserverField(this.putField(FieldType.Histogram, key, help, unit, bounds));
  }

  /** Declares a summary with quantiles in [0, 1]; none: sum and count only. */
  summary(key: string, help: string, quantiles: f64[] = [], unit: string = ""): ObserverField {
    return new ObserverField(this.putField(FieldType.Summary, key, help, unit, quantiles));
  }

  /** Declares a text of at most `bytesMax` bytes of UTF-8. */
  text(key: string, help: string, bytesMax: i32 = 64): TextField {
    return new TextField(this.putField(FieldType.Text, key, help, "", [<f64>bytesMax]));
  }

  /**
   * Finds or makes the series with these tag values, in the order of the keys. The first call
   * registers the source; fields that are declared later are refused. A set of values that was
   * asked for before is found without a call to the monitor.
   */
  series(tagValues: string[] = []): Series {
    this.register();
    scratch.reset();
    for (let i = 0; i < tagValues.length; i++) scratch.putStr(unchecked(tagValues[i]));
    const known = this.known.find(scratch);
    if (known !== null) return known;
    const found = new Series(findSeries(this.id, scratch.address, scratch.byteCount));
    if (found.firstId >= 0) this.known.put(scratch, found);
    return found;
  }

  /** Registers the source now, unless it is: `status` says how that went. */
  register(): void {
    if (this.isRegistered) return;
    this.isRegistered = true;
    scratch.reset();
    scratch.putU8(this.flags);
    scratch.putStr(this.name);
    scratch.putStr(this.prefix);
    scratch.putStr(this.help);
    scratch.putF64(this.ttlMs);
    scratch.putU8(min(this.tagKeys.length, 255)); // past the monitor's limit either way
    for (let i = 0; i < this.tagKeys.length; i++) scratch.putStr(unchecked(this.tagKeys[i]));
    scratch.putU8(min(this.fieldCount, 255));
    scratch.putMessage(this.fields);
    this.id = registerSource(scratch.address, scratch.byteCount);
    if (this.id < 0) this.status = <Status>this.id;
  }

  /** Appends a field to the definition; its index, or -1 when the source is registered. */
  private putField(type: FieldType, key: string, help: string, unit: string, numbers: f64[]): i32 {
    if (this.isRegistered) return -1;
    const fields = this.fields;
    fields.putU8(type);
    fields.putStr(key);
    fields.putStr(help);
    fields.putStr(unit);
    fields.putU16(numbers.length);
    for (let i = 0; i < numbers.length; i++) fields.putF64(unchecked(numbers[i]));
    return this.fieldCount++;
  }
}

/** One source with one set of tag values. */
@final
export class Series {
  /** The handle of the first field; the others follow by one each. Negative if refused. */
  constructor(readonly firstId: i32) {}

  /** The handle of the field at `index`; negative if either was refused. */
  idAt(index: i32): i32 {
    return this.firstId < 0 || index < 0 ? -1 : this.firstId + index;
  }
}

/** A declared counter: `reads.of(series).inc()`. Keep what `of` returns on a hot path. */
@final
export class CounterField {
  constructor(readonly index: i32) {}

  of(series: Series): CounterHandle {
    return new CounterHandle(series.idAt(this.index));
  }
}

/** A declared gauge, float, flag or duration. */
@final
export class GaugeField {
  constructor(readonly index: i32) {}

  of(series: Series): GaugeHandle {
    return new GaugeHandle(series.idAt(this.index));
  }
}

/** A declared integer. */
@final
export class IntegerField {
  constructor(readonly index: i32) {}

  of(series: Series): IntegerHandle {
    return new IntegerHandle(series.idAt(this.index));
  }
}

/** A declared histogram or summary. */
@final
export class ObserverField {
  constructor(readonly index: i32) {}

  of(series: Series): ObserverHandle {
    return new ObserverHandle(series.idAt(this.index));
  }
}

/** A declared text. */
@final
export class TextField {
  constructor(readonly index: i32) {}

  of(series: Series): TextHandle {
    return new TextHandle(series.idAt(this.index));
  }
}
