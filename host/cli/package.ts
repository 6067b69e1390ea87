/**
 * The files that come with this package, found from where this file is built to: build/host/cli/.
 */

/** Where a file of the package is; `path` begins at its root, as in `build/monitor.wasm`. */
export function packageFile(path: string): URL {
  return new URL(`../../../${path}`, import.meta.url);
}
