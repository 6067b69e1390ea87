/**
 * Small guests as WebAssembly text. Each does one thing.
 */
const WASI = "wasi_snapshot_preview1";

const EXIT = `(import "${WASI}" "proc_exit" (func $exit (param i32)))`;
const WRITE = `(import "${WASI}" "fd_write"
  (func $fd_write (param i32 i32 i32 i32) (result i32)))`;
const READ = `(import "${WASI}" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))`;

/** Writes `count` bytes at `at` to `fd`; uses 0 to 11. */
const PUT = `(func $put (param $fd i32) (param $at i32) (param $count i32)
  (i32.store (i32.const 0) (local.get $at))
  (i32.store (i32.const 4) (local.get $count))
  (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))`;

function command(imports: string, rest: string, pages = 1): string {
  return `(module ${imports} (memory (export "memory") ${pages}) ${rest})`;
}

/** Exits with `code`. */
export function exiting(code: number): string {
  return command(EXIT, `(func (export "_start") (call $exit (i32.const ${code})))`);
}

/** Raises `signal`, then exits with 3. */
export function raising(signal: number): string {
  const raise = `(import "${WASI}" "proc_raise" (func $raise (param i32) (result i32)))`;
  return command(
    EXIT + raise,
    `(func (export "_start")
       (drop (call $raise (i32.const ${signal}))) (call $exit (i32.const 3)))`,
  );
}

/** Writes a line to each standard stream, then returns. */
export const SPEAKING = command(
  WRITE,
  `(data (i32.const 16) "to stdout\\nto stderr\\n") ${PUT}
   (func (export "_start")
     (call $put (i32.const 1) (i32.const 16) (i32.const 10))
     (call $put (i32.const 2) (i32.const 26) (i32.const 10)))`,
);

/** Traps three calls deep. */
export const TRAPPING = command(
  "",
  `(func $explode unreachable)
   (func $middle (call $explode))
   (func $main (export "_start") (call $middle))`,
);

/** Recurses for ever. */
export const RECURSING = command("", `(func $deeper (export "_start") (call $deeper))`);

/** Makes one WASI call, then never gives its thread back. */
export const SPINNING = command(
  `(import "${WASI}" "sched_yield" (func $sched_yield (result i32)))`,
  '(func $main (export "_start") (drop (call $sched_yield)) (loop $l (br $l)))',
);

/** Copies standard input to standard output. */
export const COPYING = command(
  READ + WRITE,
  `${PUT} (func (export "_start") (local $count i32)
     (loop $more
       (i32.store (i32.const 0) (i32.const 64))
       (i32.store (i32.const 4) (i32.const 4096))
       (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (return)))
       (local.set $count (i32.load (i32.const 8)))
       (if (local.get $count)
         (then (call $put (i32.const 1) (i32.const 64) (local.get $count)) (br $more)))))`,
);

/** Sleeps for an hour. */
export const SLEEPING = command(
  `(import "${WASI}" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))`,
  `(func (export "_start")
     (i32.store (i32.const 16) (i32.const 1))
     (i64.store (i32.const 24) (i64.const 3600000000000))
     (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))`,
);

/** Prints its arguments, or its environment: each text followed by a NUL. */
export function listing(what: "args" | "environ"): string {
  return command(
    `${WRITE}
     (import "${WASI}" "${what}_sizes_get" (func $sizes (param i32 i32) (result i32)))
     (import "${WASI}" "${what}_get" (func $get (param i32 i32) (result i32)))`,
    `${PUT} (func (export "_start")
       (drop (call $sizes (i32.const 16) (i32.const 20)))
       (drop (call $get (i32.const 1024) (i32.const 4096)))
       (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 20))))`,
  );
}

/**
 * Opens `read` below the first directory, prints it, and writes `text` into `write` there; 1 if it
 * cannot.
 */
export function filing(read: string, write: string, text: string): string {
  const open = (at: number, count: number, flags: number) =>
    `(call $path_open (i32.const 3) (i32.const 0) (i32.const ${at}) (i32.const ${count})
       (i32.const ${flags}) (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 12))`;
  return command(
    `${EXIT} ${READ} ${WRITE} (import "${WASI}" "path_open" (func $path_open
       (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))`,
    `(data (i32.const 1024) "${read}") (data (i32.const 1536) "${write}")
     (data (i32.const 2048) "${text}") ${PUT}
     (func (export "_start")
       (if ${open(1024, read.length, 0)} (then (call $exit (i32.const 1))))
       (i32.store (i32.const 0) (i32.const 4096))
       (i32.store (i32.const 4) (i32.const 4096))
       (drop (call $fd_read (i32.load (i32.const 12)) (i32.const 0) (i32.const 1) (i32.const 8)))
       (call $put (i32.const 1) (i32.const 4096) (i32.load (i32.const 8)))
       (if ${open(1536, write.length, 9)} (then (call $exit (i32.const 1))))
       (call $put (i32.load (i32.const 12)) (i32.const 2048) (i32.const ${text.length})))`,
  );
}

/** Grows its memory from 1 to 4 pages, twice, and makes a call after each growth. */
export const GROWING = command(
  `(import "${WASI}" "sched_yield" (func $sched_yield (result i32)))`,
  `(func $main (export "_start")
     (drop (memory.grow (i32.const 1))) (drop (call $sched_yield))
     (drop (memory.grow (i32.const 2))) (drop (call $sched_yield))
     (loop $l (br $l)))`,
);

/** Logs `count` messages at level warning as source `flood`, then exits with 0. */
export function flooding(count: number): string {
  return command(
    `(import "monitor" "log_source" (func $log_source (param i32 i32) (result i32)))
     (import "monitor" "log" (func $log (param i32 i32 i32 i32)))`,
    `(data (i32.const 16) "flood") (data (i32.const 32) "one of many messages, all alike")
     (func (export "_start") (local $source i32) (local $left i32)
       (local.set $source (call $log_source (i32.const 16) (i32.const 5)))
       (local.set $left (i32.const ${count}))
       (loop $more
         (call $log (local.get $source) (i32.const 3) (i32.const 32) (i32.const 31))
         (local.set $left (i32.sub (local.get $left) (i32.const 1)))
         (br_if $more (local.get $left))))`,
  );
}

/**
 * Calls every import of `monitor` with spans outside its memory and numbers nobody gave it, then
 * exits with 7.
 */
export const HOSTILE = command(
  `${EXIT}
   (import "monitor" "source" (func $source (param i32 i32) (result i32)))
   (import "monitor" "series" (func $series (param i32 i32 i32) (result i32)))
   (import "monitor" "counter_add" (func $counter_add (param i32 f64)))
   (import "monitor" "gauge_set" (func $gauge_set (param i32 f64)))
   (import "monitor" "gauge_add" (func $gauge_add (param i32 f64)))
   (import "monitor" "integer_set" (func $integer_set (param i32 i64)))
   (import "monitor" "observe" (func $observe (param i32 f64)))
   (import "monitor" "text_set" (func $text_set (param i32 i32 i32)))
   (import "monitor" "is_active" (func $is_active (param i32) (result i32)))
   (import "monitor" "log_source" (func $log_source (param i32 i32) (result i32)))
   (import "monitor" "log_passes" (func $log_passes (param i32 i32) (result i32)))
   (import "monitor" "log" (func $log (param i32 i32 i32 i32)))`,
  `(func $attack (param $number i32) (param $count i32)
     (call $require (i32.lt_s (call $source (local.get $number) (local.get $count)) (i32.const 0)))
     (call $require (i32.lt_s
       (call $series (local.get $number) (local.get $number) (local.get $count)) (i32.const 0)))
     (call $require (i32.lt_s
       (call $log_source (local.get $number) (local.get $count)) (i32.const 0)))
     (call $counter_add (local.get $number) (f64.const 1))
     (call $gauge_set (local.get $number) (f64.const nan))
     (call $gauge_add (local.get $number) (f64.const inf))
     (call $integer_set (local.get $number) (i64.const -1))
     (call $observe (local.get $number) (f64.const nan))
     (call $text_set (local.get $number) (local.get $number) (local.get $count))
     (call $require (i32.eqz (call $is_active (local.get $number))))
     (call $require (i32.eqz (call $log_passes (local.get $number) (i32.const 3))))
     (call $log (local.get $number) (i32.const 3) (local.get $number) (local.get $count))
     (call $log (local.get $number) (local.get $number) (i32.const 0) (i32.const 4)))
   (func $require (param $holds i32)
     (if (i32.eqz (local.get $holds)) (then (call $exit (i32.const 1)))))
   (func (export "_start")
     (call $attack (i32.const -1) (i32.const -1))
     (call $attack (i32.const 0x7fffffff) (i32.const 0x7fffffff))
     (call $attack (i32.const 65530) (i32.const 16))
     (call $attack (i32.const 0x10000) (i32.const 65537))
     (call $exit (i32.const 7)))`,
);
