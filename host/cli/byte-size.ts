/**
 * Sizes as qemu's tools take them, and as people read them.
 */

/** Suffixes, either case; each is 1024 of the one before. */
const UNITS = "bkmgtpe";
const SHAPE = /^[ \t]*\+?(?:(0x[0-9a-f]+|\d+)|(\d+)\.(\d*))([bkmgtpe]?)$/i;
const SECTOR_BYTES = 512n;
/** As qemu has it: a signed number of 64 bits. */
const BYTES_MAX = 2n ** 63n - 1n;
/** Below it a double counts single bytes; above, sectors. */
const DOUBLE_MAX = 2n ** 62n;

/**
 * Bytes of a size such as 10G, 1.5M, 0x200 or 4096, as qemu-img reads it: k, M, G, T, P and E stand
 * for powers of 1024, parts of a byte are rounded. Undefined for anything else.
 */
export function parseByteSize(text: string): bigint | undefined {
  const [, whole, integer, fraction = "", suffix] = SHAPE.exec(text) ?? [];
  if (whole === undefined && integer === undefined) return undefined;
  const unit = 1024n ** BigInt(UNITS.indexOf((suffix || "b").toLowerCase()));
  // A part of a byte is none, even if it is 0.
  if (unit === 1n && Number(fraction) > 0) return undefined;
  const scale = 10n ** BigInt(fraction.length);
  const part = (BigInt(fraction || "0") * unit * 2n + scale) / (scale * 2n);
  const byteCount = BigInt(whole ?? integer ?? "0") * unit + part;
  return byteCount <= BYTES_MAX ? byteCount : undefined;
}

/** The size in whole sectors, rounded up as qemu-img does; undefined above 2^62 bytes. */
export function wholeSectors(byteCount: bigint): number | undefined {
  const rounded = ((byteCount + SECTOR_BYTES - 1n) / SECTOR_BYTES) * SECTOR_BYTES;
  return rounded <= DOUBLE_MAX ? Number(rounded) : undefined;
}

const NAMES: readonly string[] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/** A size with three digits: `1.31 MiB`. */
export function roundSize(byteCount: number): string {
  let value = byteCount;
  let unit = 0;
  // 1023.5 would be printed as 1024 of its unit.
  while (value >= 1023.5 && unit < NAMES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${Number(value.toFixed(unit === 0 ? 0 : digits))} ${NAMES[unit]}`;
}

/** A size without rounding, in the largest unit that divides it: `60352 KiB`. */
export function exactSize(byteCount: number): string {
  let value = byteCount;
  let unit = 0;
  while (value >= 1024 && value % 1024 === 0 && unit < NAMES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value} ${NAMES[unit]}`;
}
