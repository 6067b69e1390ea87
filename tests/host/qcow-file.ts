/**
 * An image file in memory, and its life as a log of writes, truncations and barriers: what any
 * crash may leave of it can be made from the log.
 */
import { BlockError } from "../../host/block/device.js";
import type { ImageFile } from "../../host/block/image-file.js";

/** Storage writes that many bytes at once, or none of them. */
const SECTOR_BYTES = 512;

export type LogEntry =
  | { readonly kind: "write"; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly byteCount: number }
  | { readonly kind: "sync" };

/** A file of bytes, with a log where one is asked for. */
export class MemoryFile implements ImageFile {
  byteCount: number;
  isReadonly = false;
  readonly log: LogEntry[] = [];
  /** Writes behind which nothing fits. @default no bound */
  byteCountMax = Number.POSITIVE_INFINITY;
  /** Bytes that were read, to bound what an open may read. */
  bytesRead = 0;

  private bytes: Uint8Array;

  constructor(
    content: Uint8Array = new Uint8Array(0),
    private readonly isLogged = false,
    readonly name = "memory.qcow2",
  ) {
    this.bytes = content.slice();
    this.byteCount = content.length;
  }

  /** A copy of all that is in it. */
  content(): Uint8Array {
    return this.bytes.slice(0, this.byteCount);
  }

  read(offset: number, target: Uint8Array): void {
    this.bytesRead += target.length;
    const within = Math.max(0, Math.min(target.length, this.byteCount - offset));
    if (within > 0) target.set(this.bytes.subarray(offset, offset + within));
    target.fill(0, within);
  }

  write(offset: number, source: Uint8Array): void {
    if (this.isReadonly) throw new Error("written, though read-only");
    if (offset + source.length > this.byteCountMax) throw new BlockError("no-space", "full");
    if (this.isLogged) this.log.push({ kind: "write", offset, bytes: source.slice() });
    this.resize(Math.max(this.byteCount, offset + source.length));
    this.bytes.set(source, offset);
  }

  truncate(byteCount: number): void {
    if (this.isReadonly) throw new Error("truncated, though read-only");
    if (this.isLogged) this.log.push({ kind: "truncate", byteCount });
    if (byteCount < this.byteCount) this.bytes.fill(0, byteCount, this.byteCount);
    this.resize(byteCount);
  }

  sync(): void {
    if (this.isLogged) this.log.push({ kind: "sync" });
  }

  close(): void {}

  private resize(byteCount: number): void {
    if (byteCount > this.bytes.length) {
      const longer = new Uint8Array(Math.max(byteCount, this.bytes.length * 2));
      longer.set(this.bytes.subarray(0, this.byteCount));
      this.bytes = longer;
    }
    this.byteCount = byteCount;
  }
}

/** What a killed process leaves: the first `count` entries of the log, in order. */
export function afterKill(
  content: Uint8Array,
  log: readonly LogEntry[],
  count: number,
): MemoryFile {
  const file = new MemoryFile(content);
  for (const entry of log.slice(0, count)) apply(file, entry);
  return file;
}

/**
 * What a loss of power before entry `count` leaves: all up to the last barrier, and behind it each
 * sector as any of its writes left it, as `random` has it (below 1).
 */
export function afterPowerLoss(
  content: Uint8Array,
  log: readonly LogEntry[],
  count: number,
  random: () => number,
): MemoryFile {
  const file = new MemoryFile(content);
  let safe = count;
  while (safe > 0 && log[safe - 1]?.kind !== "sync") safe--;
  for (const entry of log.slice(0, safe)) apply(file, entry);
  const loss = random();
  const lost = new Set<number>();
  for (const piece of log.slice(safe, count).flatMap(toSectors)) {
    // Once a write of a sector is lost, so are the later ones: an older one stands there.
    const sector = piece.kind === "write" ? Math.floor(piece.offset / SECTOR_BYTES) : -1;
    if (lost.has(sector)) continue;
    if (random() >= loss) apply(file, piece);
    else if (sector >= 0) lost.add(sector);
  }
  return file;
}

function apply(file: MemoryFile, entry: LogEntry): void {
  if (entry.kind === "write") file.write(entry.offset, entry.bytes);
  else if (entry.kind === "truncate") file.truncate(entry.byteCount);
}

/** Storage writes sectors whole, and may write some of an entry and not others. */
function toSectors(entry: LogEntry): LogEntry[] {
  if (entry.kind !== "write") return [entry];
  const { offset, bytes } = entry;
  const pieces: LogEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const until = Math.min(bytes.length, at + SECTOR_BYTES - ((offset + at) % SECTOR_BYTES));
    pieces.push({ kind: "write", offset: offset + at, bytes: bytes.subarray(at, until) });
    at = until;
  }
  return pieces;
}
