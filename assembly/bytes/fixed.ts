/**
 * Small records at fixed addresses. They come before the large buffers, so that their addresses
 * take two bytes of code each; in memory, not in globals, so that every instance over one memory
 * sees them.
 */
import { COUNTERS_ADDRESS } from "../abi";

/** All catalogs (see metrics/registry.ts), one behind the other. */
export const CATALOGS: usize = memory.data(320, 16);
/** u32 address · u32 count of the table of handles. */
export const HANDLES: usize = memory.data(16, 16);
/** ` <nanoseconds>\n`, rendered once an encoding. */
export const STAMP: usize = memory.data(48, 16);
/**
 * u32 series · u32 registrations past a cap · u32 writes refused · u32 texts cut, which is for
 * whoever sets texts. Its address is its alignment: what comes before is shorter.
 */
export const COUNTERS: usize = memory.data(16, COUNTERS_ADDRESS);
/** Where digits of a double are laid out; zeros stand before and behind them. */
export const DRAFT: usize = memory.data(48, 8) + 8;
