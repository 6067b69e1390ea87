/**
 * The parts of an exposition's line that every line has, written in one piece: these are the bytes
 * that a scrape consists of.
 */
import { putDouble } from "../bytes/double";
import { putSmall, SMALL_MAX } from "../bytes/integer";
import { textBytes, textStart } from "../bytes/text";
import { Series, Source } from "../metrics/record";

/** Writes a counted name and the labels, not closed: `name{a="b",c="d"`. */
export function putStart(at: usize, name: usize, series: Series): usize {
  const nameEnd = at + textBytes(name);
  name = textStart(name);
  do {
    v128.store(at, v128.load(name));
    at += 16;
    name += 16;
  } while (at < nameEnd);
  at = nameEnd;
  const labelsEnd = at + series.labelBytes;
  let labels = labelsOf(series);
  while (at < labelsEnd) {
    v128.store(at, v128.load(labels));
    at += 16;
    labels += 16;
  }
  return labelsEnd;
}

/** Writes a number and a newline. */
export function putEnd(at: usize, value: f64): usize {
  const small = <u32>value;
  if (<f64>small == value && small < SMALL_MAX) at = putSmall(at, small);
  else at = putDouble(at, value);
  store<u8>(at, 0x0a);
  return at + 1;
}

/** Address of a series' labels. */
export function labelsOf(series: Series): usize {
  return changetype<usize>(series) + changetype<Source>(series.source).seriesBytes;
}
