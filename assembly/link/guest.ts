/**
 * What an image's monitor calls of its guest. asc names an import's module after the file that
 * declares it.
 */

/** Runs the guest's program. */
export declare function _start(): void;
