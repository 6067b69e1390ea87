/**
 * How many bits `gzip -9` makes of a module (RFC 1951, one block with codes of its own): a model of
 * zlib's `deflate_slow` and `trees.c` that is exact for files of less than 32 KiB. node's zlib is
 * Chromium's, which misses matches of three bytes. A second look at nearly the same bytes is fast.
 */
import { assignLengths } from "./huffman.js";

const WINDOW_BYTES = 32768;
const MATCH_BYTES_MIN = 3;
const MATCH_BYTES_MAX = 258;
/** A match of three bytes that is farther away costs more than the bytes. */
const FAR_BYTES = 4096;

const LITERAL_COUNT = 286;
const END_OF_BLOCK = 256;
const DISTANCE_COUNT = 30;
const LENGTH_COUNT = 19;

/** In this order go the lengths of the codes of code lengths. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const matchCodes = new Uint8Array(MATCH_BYTES_MAX + 1);
const matchExtraBits = new Uint8Array(29);
const distanceCodes = new Uint8Array(WINDOW_BYTES + 1);
const distanceExtraBits = new Uint8Array(DISTANCE_COUNT);
fillCodes(matchCodes, matchExtraBits, 28, 3, 4);
matchCodes[MATCH_BYTES_MAX] = 28;
fillCodes(distanceCodes, distanceExtraBits, DISTANCE_COUNT, 1, 2);

/** Values share a code, twice as many after every `step` codes. */
function fillCodes(codes, extraBits, count, first, step) {
  let value = first;
  for (let code = 0; code < count; code++) {
    extraBits[code] = Math.max(0, Math.floor(code / step) - 1);
    for (let left = 1 << extraBits[code]; left > 0 && value < codes.length; left--) {
      codes[value++] = code;
    }
  }
}

const literals = new Int32Array(LITERAL_COUNT);
const distances = new Int32Array(DISTANCE_COUNT);
const lengths = new Int32Array(LENGTH_COUNT);
const literalLengths = new Uint8Array(LITERAL_COUNT + 1);
const distanceLengths = new Uint8Array(DISTANCE_COUNT + 1);
const lengthLengths = new Uint8Array(LENGTH_COUNT + 1);

/** Counts what encodes the lengths of a code: lengths, and runs of them. */
function countLengths(codeLengths, highest) {
  let previous = -1;
  for (let index = 0; index <= highest; ) {
    const length = codeLengths[index];
    let run = 1;
    while (index + run <= highest && codeLengths[index + run] === length) run++;
    index += run;
    if (length !== 0 && length !== previous) {
      lengths[length]++;
      run--;
    }
    const [runMin, runMax] = length === 0 ? [3, 138] : [3, 6];
    for (; run >= runMin; run -= Math.min(run, runMax)) {
      lengths[length !== 0 ? 16 : run <= 10 ? 17 : 18]++;
    }
    lengths[length] += run;
    previous = length;
  }
}

function sum(symbols, codeLengths) {
  let bits = 0;
  for (let symbol = 0; symbol < symbols.length; symbol++) {
    bits += symbols[symbol] * codeLengths[symbol];
  }
  return bits;
}

/** Bits of the block whose literals and distances are counted. */
function blockBits(extraBits) {
  const highestLiteral = assignLengths(literals, 15, literalLengths);
  const highestDistance = assignLengths(distances, 15, distanceLengths);
  lengths.fill(0);
  countLengths(literalLengths, highestLiteral);
  countLengths(distanceLengths, highestDistance);
  assignLengths(lengths, 7, lengthLengths);
  let lengthCount = LENGTH_COUNT;
  while (lengthCount > 4 && lengthLengths[LENGTH_ORDER[lengthCount - 1]] === 0) lengthCount--;
  const header = 17 + 3 * lengthCount + 2 * lengths[16] + 3 * lengths[17] + 7 * lengths[18];
  const codes = sum(lengths, lengthLengths);
  const body = sum(literals, literalLengths) + sum(distances, distanceLengths);
  return header + codes + body + extraBits;
}

/** Behind all sources. */
const NOWHERE = WINDOW_BYTES - 1;

/** For every byte of a file the longest match before it, the nearest of them. */
class Matches {
  bytes = new Uint8Array(WINDOW_BYTES);
  byteCount = 0;
  lengths = new Int16Array(WINDOW_BYTES);
  sources = new Int16Array(WINDOW_BYTES);

  copyFrom(other, end) {
    this.lengths.set(other.lengths.subarray(0, end));
    this.sources.set(other.sources.subarray(0, end));
  }
}

const hashes = new Int16Array(WINDOW_BYTES);
const heads = new Int16Array(WINDOW_BYTES);
const links = new Int16Array(WINDOW_BYTES);
const nearHeads = new Int16Array(WINDOW_BYTES).fill(-1);
const nearLinks = new Int16Array(WINDOW_BYTES);

function hashAt(bytes, at) {
  return ((bytes[at] << 10) ^ (bytes[at + 1] << 5) ^ bytes[at + 2]) & (WINDOW_BYTES - 1);
}

/**
 * Links every place to the one before it whose first three bytes are probably the same. The first
 * byte of a file is never part of a match: its place is zlib's word for none.
 */
function linkPlaces(bytes, byteCount) {
  heads.fill(-1);
  links[0] = -1;
  for (let at = 1; at + MATCH_BYTES_MIN <= byteCount; at++) {
    const hash = hashAt(bytes, at);
    hashes[at] = hash;
    links[at] = heads[hash];
    heads[hash] = at;
  }
}

/** Improves the match at a place by a chain of sources. */
function improve(matches, at, first, chain) {
  const { bytes, byteCount } = matches;
  const most = Math.min(MATCH_BYTES_MAX, byteCount - at);
  let length = matches.lengths[at];
  let best = matches.sources[at];
  for (let source = first; source >= 0; source = chain[source]) {
    if (length >= most && source < best) break;
    const wanted = source > best ? length - 1 : length; // a nearer one may be as long
    if (wanted >= 0 && bytes[source + wanted] !== bytes[at + wanted]) continue;
    let count = 0;
    while (count < most && bytes[source + count] === bytes[at + count]) count++;
    if (count <= wanted) continue;
    length = count;
    best = source;
  }
  matches.lengths[at] = length;
  matches.sources[at] = best;
}

function findMatch(matches, at) {
  matches.lengths[at] = 2;
  matches.sources[at] = NOWHERE;
  if (at + MATCH_BYTES_MIN <= matches.byteCount) improve(matches, at, links[at], links);
}

/** The first place where bytes differ from those known, and the place behind the last. */
function changedSpan(known, bytes) {
  let begin = 0;
  while (begin < bytes.length && bytes[begin] === known.bytes[begin]) begin++;
  let end = bytes.length;
  while (end > begin && bytes[end - 1] === known.bytes[end - 1]) end--;
  return { begin, end };
}

/** Matches of bytes that differ from known ones of the same length between two places. */
function updateMatches(matches, known, { begin, end }) {
  const { byteCount } = matches;
  matches.copyFrom(known, byteCount);
  for (let at = Math.max(0, begin - MATCH_BYTES_MAX); at < end; at++) {
    if (at >= begin || at + known.lengths[at] >= begin) findMatch(matches, at);
  }
  const nearBegin = Math.max(1, begin - MATCH_BYTES_MAX);
  for (let at = nearBegin; at < end; at++) {
    const hash = hashes[at];
    nearLinks[at] = nearHeads[hash];
    nearHeads[hash] = at;
  }
  for (let at = end; at + MATCH_BYTES_MIN <= byteCount; at++) {
    const source = known.sources[at];
    if (source < end && source + known.lengths[at] > begin) findMatch(matches, at);
    else {
      const near = nearHeads[hashes[at]];
      if (near >= 0) improve(matches, at, near, nearLinks);
    }
  }
  for (let at = nearBegin; at < end; at++) nearHeads[hashes[at]] = -1;
}

/** Chooses matches as zlib does, one byte late: a longer one at the next byte wins. */
function countSymbols({ bytes, byteCount, lengths: matchLengths, sources }) {
  literals.fill(0);
  distances.fill(0);
  literals[END_OF_BLOCK] = 1;
  let extraBits = 0;
  let previous = 0;
  for (let at = 0; at <= byteCount; at++) {
    let length = at < byteCount ? matchLengths[at] : 0;
    if (length <= previous || length < MATCH_BYTES_MIN) length = 0;
    if (length === MATCH_BYTES_MIN && at - sources[at] > FAR_BYTES) length = 0;
    if (previous > 0 && length === 0) {
      const code = matchCodes[previous];
      const distanceCode = distanceCodes[at - 1 - sources[at - 1]];
      literals[END_OF_BLOCK + 1 + code]++;
      distances[distanceCode]++;
      extraBits += matchExtraBits[code] + distanceExtraBits[distanceCode];
      at += previous - 2;
      previous = -1;
    } else {
      if (previous >= 0 && at > 0) literals[bytes[at - 1]]++;
      previous = length;
    }
  }
  return extraBits;
}

/** Measures a file again and again while it changes. */
export class Deflate {
  #known = new Matches();
  #next = new Matches();

  /** Bits that `gzip -9` makes of bytes, its header and checksum left out. */
  measure(bytes) {
    const next = this.#next;
    if (bytes.length >= NOWHERE) throw new Error(`shape: ${bytes.length} bytes, at most 32 KiB`);
    next.byteCount = bytes.length;
    next.bytes.set(bytes);
    linkPlaces(next.bytes, bytes.length);
    if (bytes.length === this.#known.byteCount) {
      updateMatches(next, this.#known, changedSpan(this.#known, bytes));
    } else {
      for (let at = 0; at < bytes.length; at++) findMatch(next, at);
    }
    return blockBits(countSymbols(next));
  }

  /** What was measured last is what the next bytes are compared with. */
  keep() {
    [this.#known, this.#next] = [this.#next, this.#known];
  }
}
