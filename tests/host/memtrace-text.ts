/**
 * Guests that allocate, as WebAssembly text: an allocator that never reuses a block, and functions
 * that call it. They need no compiler, and what they allocate is known to the byte.
 */

/** `malloc`, `free`, and who calls them; `free` may be called with anything. */
const ALLOCATOR = `
  (memory (export "memory") 256)
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (export "malloc") (param $bytes i32) (result i32) (local $at i32)
    (local.set $at (global.get $top))
    (if (i32.gt_u (i32.add (local.get $at) (local.get $bytes)) (i32.const 16000000))
      (then (return (i32.const 0))))
    (global.set $top (i32.and (i32.add (i32.add (local.get $at) (local.get $bytes)) (i32.const 15))
      (i32.const -8)))
    (local.get $at))
  (func $free (export "free") (param i32))
  (func $reset (export "reset") (param $top i32) (global.set $top (local.get $top)))
  (func $top (export "top") (result i32) (global.get $top))
  (func $take (export "take") (param $bytes i32) (result i32)
    (call $malloc (local.get $bytes)))
  (func $churn (export "churn") (param $count i32) (param $bytes i32)
    (loop $again
      (if (i32.eqz (local.get $count)) (then (return)))
      (call $free (call $take (local.get $bytes)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br $again)))
  (func $descend (export "descend") (param $depth i32) (param $bytes i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then (return (call $take (local.get $bytes)))))
    (call $descend (i32.sub (local.get $depth) (i32.const 1)) (local.get $bytes)))`;

/** A plug-in. */
export const PLUGIN = `(module ${ALLOCATOR})`;

/** A plug-in that also calls another's `take`. */
export const CALLER = `(module (import "other" "take" (func $other (param i32) (result i32)))
  ${ALLOCATOR}
  (func $ask (export "ask") (param $bytes i32) (result i32) (call $other (local.get $bytes))))`;

/** A command: `main` is the body of its main function. */
export function command(main: string): string {
  return `(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "fd_read"
      (func $read (param i32 i32 i32 i32) (result i32)))
    ${ALLOCATOR}
    (func $main (local $i i32) (local $start i32)
      (local.set $start (global.get $top))
      ${main})
    (func (export "_start") (call $main)))`;
}

/** Allocates and frees for ever, in memory that stays the same, without a call of WASI. */
export const BUSY = command(`
  (loop $again
    (call $churn (i32.const 100) (i32.const 400))
    (call $reset (local.get $start))
    (br $again))`);

/** Waits for a byte on standard input. */
const WAIT = `
  (i32.store (i32.const 8) (i32.const 32))
  (i32.store (i32.const 12) (i32.const 1))
  (drop (call $read (i32.const 0) (i32.const 8) (i32.const 1) (i32.const 16)))`;

/** Waits, allocates 100,000 words in 1,000 blocks, then spins without a call of anything. */
export const QUIET_AFTER = command(`
  ${WAIT}
  (call $churn (i32.const 1000) (i32.const 400))
  (loop $again (br $again))`);

/** Waits, allocates `count` blocks of 400 bytes, then ends as `end` says. */
export function ending(count: number, end: string): string {
  return command(`${WAIT} (call $churn (i32.const ${count}) (i32.const 400)) ${end}`);
}
