/**
 * The time to live of series: a series whose cells no gather has seen change for that long is
 * hidden until they do.
 */
import { hashBytes } from "../bytes/text";
import { Field, SERIES_EXPIRED, SERIES_REMOVED, Series, Source } from "./record";
import { Setting } from "./setting";

/**
 * The next source that is gathered, its series looked at; 0 at the end. A TTL of more than signed
 * nanoseconds hold, 292 years, is none.
 */
export function nextActive(setting: Setting, nowNs: u64): usize {
  let at = setting.next;
  while ((at != 0) & !changetype<Source>(at).value) at = changetype<Source>(at).next;
  if (at && <i64>changetype<Source>(at).ttlNs > 0) refresh(changetype<Source>(at), nowNs);
  return at;
}

function refresh(source: Source, nowNs: u64): void {
  for (let at = source.firstSeries; at; at = changetype<Series>(at).next) {
    const series = changetype<Series>(at);
    let checksum: u64 = 0;
    for (let link = source.firstField; link; link = changetype<Field>(link).next) {
      const field = changetype<Field>(link);
      const cell = at + field.offset;
      checksum = hashBytes(checksum, cell, cell + field.cellBytes);
    }
    if (<u32>checksum != series.checksum) {
      series.checksum = <u32>checksum;
      series.changedNs = nowNs;
    }
    const isExpired = <i64>(nowNs - series.changedNs) > <i64>source.ttlNs;
    series.flags = (series.flags & SERIES_REMOVED) | (isExpired ? SERIES_EXPIRED : 0);
  }
}
