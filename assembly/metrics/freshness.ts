/**
 * The time to live of series: a series whose cells no gather has seen change for that long is hidden until
 * they do.
 */
import { Field, Freshness, SERIES_EXPIRED, Series, Source } from "./record";

/** Looks at all series of a source with a TTL; at the start of a gather. */
export function refresh(source: Source, nowNs: u64): void {
  for (let at = source.firstSeries; at; at = changetype<Series>(at).next) {
    const series = changetype<Series>(at);
    const freshness = changetype<Freshness>(at + offsetof<Series>());
    const checksum = checksumOf(source, at);
    if (checksum != freshness.checksum || !freshness.changedNs) {
      freshness.checksum = checksum;
      freshness.changedNs = nowNs;
    }
    const age = <i64>(nowNs - freshness.changedNs);
    const isExpired = age > <i64>source.ttlNs;
    series.flags = (series.flags & ~SERIES_EXPIRED) | (isExpired ? SERIES_EXPIRED : 0);
  }
}

/** Over all cells: those of fields that were added later are not in the record. */
function checksumOf(source: Source, series: usize): u64 {
  let sum: u64 = 0;
  for (let link = source.firstField; link; link = changetype<Field>(link).next) {
    const start = series + changetype<Field>(link).offset;
    for (let at = start; at < start + changetype<Field>(link).cellBytes; at += 8) {
      sum = (rotl(sum, 7) ^ load<u64>(at)) * 0x9e3779b97f4a7c15;
    }
  }
  return sum;
}
