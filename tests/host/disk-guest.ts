/**
 * Guests that carry out a list of file calls and check what each returns. Their first directory is
 * descriptor 3; a guest whose call returns something else exits with the step's number, from 1.
 */
const WASI = "wasi_snapshot_preview1";

/** One call: its text, and the errno that it must return; below 0, any. */
export interface Step {
  readonly call: string;
  readonly errno: number;
}

/** Flags of `open`. */
export const CREATE = 1;
export const DIRECTORY = 2;
export const TRUNCATE = 8;

const SIGNATURES: Readonly<Record<string, string>> = {
  path_open: "i32 i32 i32 i32 i32 i64 i64 i32 i32",
  path_unlink_file: "i32 i32 i32",
  path_rename: "i32 i32 i32 i32 i32 i32",
  fd_read: "i32 i32 i32 i32",
  fd_write: "i32 i32 i32 i32",
  fd_pread: "i32 i32 i32 i64 i32",
  fd_pwrite: "i32 i32 i32 i64 i32",
  fd_seek: "i32 i64 i32 i32",
  fd_tell: "i32 i32",
  fd_sync: "i32",
  fd_datasync: "i32",
  fd_filestat_set_size: "i32 i64",
  fd_renumber: "i32 i32",
  fd_close: "i32",
};

/** Rights of files: to read, seek, write, sync, stat and truncate. */
const FILE_RIGHTS = 0x6001ff;
/** Rights of directories: to create, open and list what is below. */
const DIRECTORY_RIGHTS = 0x246400;
const ALL_RIGHTS = FILE_RIGHTS | DIRECTORY_RIGHTS;

/** Where things are in the guest's memory. */
const VECTOR = 0;
const COUNT = 8;
const SLOTS = 16;
const BUFFER = 1024;
const BUFFER_BYTES = 4096;
const PATHS = BUFFER + BUFFER_BYTES;

/** Writes a guest's text. A slot is a place for a descriptor, from 0. */
export class DiskScript {
  #paths = "";
  readonly #steps: Step[] = [];

  open(slot: number, path: string, flags = 0, errno = 0, directory = 3): this {
    const [rights, inherited] =
      flags & DIRECTORY ? [DIRECTORY_RIGHTS, ALL_RIGHTS] : [FILE_RIGHTS, 0];
    const fd = directory === 3 ? "(i32.const 3)" : slotText(directory);
    const [at, byteCount] = this.#path(path);
    return this.#add(
      `(call $path_open ${fd} (i32.const 1) ${at} ${byteCount} (i32.const ${flags})
        (i64.const ${rights}) (i64.const ${inherited}) (i32.const 0)
        (i32.const ${SLOTS + slot * 4}))`,
      errno,
    );
  }

  unlink(path: string, errno = 0): this {
    return this.#add(`(call $path_unlink_file (i32.const 3) ${this.#path(path).join(" ")})`, errno);
  }

  rename(path: string, other: string): this {
    const [from, to] = [this.#path(path).join(" "), this.#path(other).join(" ")];
    return this.#add(`(call $path_rename (i32.const 3) ${from} (i32.const 3) ${to})`, 0);
  }

  /** Reads or writes at the file's position, as often as `times` says. */
  move(name: "fd_read" | "fd_write", slot: number, byteCount: number, errno = 0, times = 1): this {
    const call = `(call $${name} ${slotText(slot)} ${vector(byteCount)} (i32.const ${COUNT}))`;
    return this.#add(times === 1 ? call : repeated(call, times), errno);
  }

  moveAt(name: "fd_pread" | "fd_pwrite", slot: number, byteCount: number, offset: number): this {
    const at = `(i64.const ${offset}) (i32.const ${COUNT})`;
    return this.#add(`(call $${name} ${slotText(slot)} ${vector(byteCount)} ${at})`, 0);
  }

  /** A call that takes a descriptor and numbers. */
  on(name: string, slot: number, rest = "", errno = 0): this {
    return this.#add(`(call $${name} ${slotText(slot)} ${rest})`, errno);
  }

  /** Any call. */
  raw(call: string, errno = 0): this {
    return this.#add(call, errno);
  }

  renumber(from: number, to: number, errno = 0): this {
    return this.#add(`(call $fd_renumber ${slotText(from)} ${slotText(to)})`, errno);
  }

  /** The whole guest, which exits with 0, or runs on for ever. */
  text(ending: "exits" | "spins"): string {
    const imports = Object.entries(SIGNATURES).map(
      ([name, types]) =>
        `(import "${WASI}" "${name}" (func $${name} (param ${types}) (result i32)))`,
    );
    const body = this.#steps.map(({ call, errno }, index) =>
      errno < 0
        ? `(drop ${call})`
        : `(call $check ${call} (i32.const ${errno}) (i32.const ${index + 1}))`,
    );
    return `(module ${imports.join("\n")}
      (import "${WASI}" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const ${PATHS}) "${this.#paths}")
      (func $check (param i32 i32 i32)
        (if (i32.ne (local.get 0) (local.get 1)) (then (call $exit (local.get 2)))))
      (func $vector (param $bytes i32) (result i32)
        (i32.store (i32.const ${VECTOR}) (i32.const ${BUFFER}))
        (i32.store (i32.const ${VECTOR + 4}) (local.get $bytes))
        (i32.const ${VECTOR}))
      (func (export "_start") (local $left i32) (local $errno i32)
        ${body.join("\n")}
        ${ending === "spins" ? "(loop $l (br $l))" : ""}))`;
  }

  #add(call: string, errno: number): this {
    this.#steps.push({ call, errno });
    return this;
  }

  #path(path: string): [string, string] {
    const at = PATHS + this.#paths.length;
    this.#paths += path;
    return [`(i32.const ${at})`, `(i32.const ${path.length})`];
  }
}

function slotText(slot: number): string {
  return `(i32.load (i32.const ${SLOTS + slot * 4}))`;
}

function vector(byteCount: number): string {
  return `(call $vector (i32.const ${byteCount})) (i32.const 1)`;
}

/** A call made again and again; its last errno. */
function repeated(call: string, times: number): string {
  return `(block (result i32)
    (local.set $left (i32.const ${times}))
    (loop $more
      (local.set $errno ${call})
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $more (local.get $left)))
    (local.get $errno))`;
}
