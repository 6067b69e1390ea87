/**
 * A piece of a qcow2 file that is kept in memory, and which of its bytes changed.
 */
import type { ImageFile } from "../block/image-file.js";

/** Bytes at their place in the file. */
export class Table {
  /** Not yet in the file at all: written whole, and linked behind a barrier. */
  isNew = false;

  protected readonly view: DataView;
  private dirtyFrom = Number.POSITIVE_INFINITY;
  private dirtyUntil = 0;

  constructor(
    readonly bytes: Uint8Array,
    /** Byte in the file. */
    public offset: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isDirty(): boolean {
    return this.isNew || this.dirtyUntil > this.dirtyFrom;
  }

  /** Writes what changed, or all of a new one. */
  write(file: ImageFile): void {
    const from = this.isNew ? 0 : this.dirtyFrom;
    const until = this.isNew ? this.bytes.length : this.dirtyUntil;
    if (until > from) file.write(this.offset + from, this.bytes.subarray(from, until));
    this.isNew = false;
    this.dirtyFrom = Number.POSITIVE_INFINITY;
    this.dirtyUntil = 0;
  }

  /** Notes a change of `byteCount` bytes at byte `at` of the table. */
  protected mark(at: number, byteCount: number): void {
    this.dirtyFrom = Math.min(this.dirtyFrom, at);
    this.dirtyUntil = Math.max(this.dirtyUntil, at + byteCount);
  }
}
