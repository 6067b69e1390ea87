/**
 * The imports of module `monitor`, as assembly/README.md "What a guest imports" lists them.
 * asc names an import's module after the file that declares it, so this file must keep its name;
 * the functions keep the ABI's spelling for the same reason. An import that is never called is
 * not in the wasm. Pointers and byte counts are in the guest's memory; no call traps.
 */

/** Registers a source definition; a source id or a negative `Status`. */
export declare function source(address: usize, byteCount: u32): i32;
/** Finds or makes a series; the handle of its first field, or negative. */
export declare function series(source: i32, address: usize, byteCount: u32): i32;
/** Adds to a counter; negative and NaN are refused. */
export declare function counter_add(handle: i32, value: f64): void;
/** Sets a gauge, float, bool (0, 1) or duration (ns). */
export declare function gauge_set(handle: i32, value: f64): void;
/** Adds to a gauge. */
export declare function gauge_add(handle: i32, value: f64): void;
/** Sets a signed or unsigned 64-bit integer. */
export declare function integer_set(handle: i32, value: i64): void;
/** Adds one observation to a histogram or summary. */
export declare function observe(handle: i32, value: f64): void;
/** Sets a text field. */
export declare function text_set(handle: i32, address: usize, byteCount: u32): void;
/** Returns 1 while the handle's source is enabled. */
export declare function is_active(handle: i32): i32;
/** Finds or makes a log source by name; its id, or negative. */
export declare function log_source(address: usize, byteCount: u32): i32;
/** Returns 1 if a message of this level would be written. */
export declare function log_passes(log: i32, level: i32): i32;
/** Writes a message if its level passes. */
export declare function log(log: i32, level: i32, address: usize, byteCount: u32): void;
/** Finds a block device and writes what it is like; its handle, or a negative `BlockStatus`. */
export declare function block_acquire(name: usize, nameBytes: u32, info: usize): i32;
/** Reads whole sectors into the guest's memory; a `BlockStatus`. */
export declare function block_read(handle: i32, offset: u64, address: usize, byteCount: u32): i32;
/** Writes whole sectors; a `BlockStatus`. */
export declare function block_write(handle: i32, offset: u64, address: usize, byteCount: u32): i32;
/** Gives whole sectors back, which then read as zeros; a `BlockStatus`. */
export declare function block_discard(handle: i32, offset: u64, byteCount: u64): i32;
/** Returns once all writes would survive a loss of power; a `BlockStatus`. */
export declare function block_flush(handle: i32): i32;
