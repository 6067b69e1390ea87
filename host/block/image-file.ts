/**
 * The file behind a block device, as formats see it: bytes at offsets, synchronous. A platform
 * supplies it; tests supply one in memory.
 */
export interface ImageFile {
  /** How messages name it. */
  readonly name: string;
  readonly isReadonly: boolean;
  /** Bytes of the file now. */
  readonly byteCount: number;
  /** Fills `target` from `offset`; zeros past the end. Throws `BlockError`. */
  read(offset: number, target: Uint8Array): void;
  /** Writes all of `source`; a gap past the end becomes zeros. Throws `BlockError`. */
  write(offset: number, source: Uint8Array): void;
  /** Makes the file that long. */
  truncate(byteCount: number): void;
  /** Returns once all writes are on the medium. Throws `BlockError` "io", then each time. */
  sync(): void;
  close(): void;
}

/** Opens a file beside another, for backing files: relative names are relative to `from`. */
export type OpenImageFile = (path: string, options: OpenImageOptions) => ImageFile;

export interface OpenImageOptions {
  readonly isReadonly: boolean;
  /** The file that names `path`. @default the working directory */
  readonly from?: string | undefined;
}
