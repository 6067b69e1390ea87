/**
 * What an image's monitor calls of its guest. asc names an import's module after the file that
 * declares it.
 */

/** Runs the guest's program. */
export declare function _start(): void;
/** Makes the block of its hooks unless it is there; its address there, 0 without memory. */
export declare function reserve(): usize;
