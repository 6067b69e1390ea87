/**
 * What the guest's descriptors stand for: files and directories below those that it was given.
 * Standard streams and sockets are not in it. Changes only after a call of the guest succeeded, so
 * that what a hostile guest asks for in vain changes nothing.
 */
import { posix } from "node:path";
import type { DiskCells } from "../disk/cells.js";
import type { DiskRegistry, Mount } from "../disk/registry.js";

/** The descriptor of the first directory. */
const FIRST_DIRECTORY = 3;

/** Descriptors open at once; what is opened beyond is not seen here. */
const OPEN_MAX = 65_536;

/** A file or directory behind a descriptor. */
export interface Descriptor {
  /** As the guest names it, `.` and `..` resolved; symbolic links are not. */
  readonly path: string;
  readonly mount: Mount;
  /** Absent for a directory. */
  readonly file?: DiskCells;
}

/** The table of descriptors. */
export class Descriptors {
  readonly #disks: DiskRegistry;
  readonly #table = new Map<number, Descriptor>();
  // The one asked for last, for a guest mostly goes on with the same file.
  #lastFd = -1;
  #lastFile: DiskCells | undefined;

  /** Begins with `directories`, in the order in which the guest was given them. */
  constructor(disks: DiskRegistry, directories: readonly string[]) {
    this.#disks = disks;
    for (const [index, path] of directories.entries()) {
      this.#table.set(FIRST_DIRECTORY + index, { path, mount: disks.mount(path) });
    }
  }

  find(fd: number): Descriptor | undefined {
    return this.#table.get(fd);
  }

  /** The cells of an open file; undefined for all else. */
  file(fd: number): DiskCells | undefined {
    if (fd === this.#lastFd) return this.#lastFile;
    this.#lastFd = fd;
    this.#lastFile = this.#table.get(fd)?.file;
    return this.#lastFile;
  }

  /** Adds a descriptor of `path`; the cells of a file. */
  open(fd: number, { path, mount }: Descriptor, isDirectory: boolean): DiskCells | undefined {
    this.close(fd);
    if (this.#table.size >= OPEN_MAX) {
      this.#disks.fold();
      return undefined;
    }
    if (isDirectory) {
      this.#table.set(fd, { path, mount });
      return undefined;
    }
    const file = this.#disks.disk(path, mount);
    this.#table.set(fd, { path, mount, file });
    file.open(1);
    return file;
  }

  close(fd: number): void {
    this.#lastFd = -1;
    this.#lastFile = undefined;
    this.#table.get(fd)?.file?.open(-1);
    this.#table.delete(fd);
  }

  /** What `from` stands for becomes `to`; what that was is closed. */
  renumber(from: number, to: number): void {
    const moved = this.#table.get(from);
    if (from === to) return;
    this.close(to);
    this.#table.delete(from);
    if (moved) this.#table.set(to, moved);
  }

  /** The guest ended. */
  closeAll(): void {
    for (const fd of [...this.#table.keys()]) this.close(fd);
  }
}

/** A path that the guest gave, below a directory, as a descriptor would have it. */
export function below({ path, mount }: Descriptor, relative: string): Descriptor {
  const joined = relative.startsWith("/") ? posix.normalize(relative) : posix.join(path, relative);
  return { path: joined.length > 1 ? joined.replace(/\/$/, "") : joined, mount };
}
