/**
 * Opens disk images for commands: says in plain words why one cannot be opened, and never waits for
 * a pipe.
 */
import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { ImageFile } from "../block/image-file.js";
import { MonitorError } from "../errors.js";
import { createImage, type OpenOptions, openImage } from "../platforms/node-image.js";

/** By errno, what is wrong with a path. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** Opens an image that exists, as `openImage` does. Throws OPTION_INVALID. */
export function openImageFile(path: string, options: OpenOptions): ImageFile {
  const name = options.from === undefined ? path : resolve(dirname(options.from), path);
  return explain(name, () => {
    if (!statSync(name).isFile()) {
      throw new MonitorError("OPTION_INVALID", `${name}: no regular file`);
    }
    return openImage(path, options);
  });
}

/** Makes a new image, as `createImage` does. Throws OPTION_INVALID. */
export function createImageFile(path: string): ImageFile {
  return explain(path, () => createImage(path), { ENOENT: "its folder does not exist" });
}

function explain<Result>(
  path: string,
  run: () => Result,
  special: Readonly<Record<string, string>> = {},
): Result {
  try {
    return run();
  } catch (error) {
    const errno = errnoOf(error);
    const reason = special[errno] ?? REASONS[errno];
    if (reason === undefined) throw error;
    throw new MonitorError("OPTION_INVALID", `${path}: ${reason}`, { cause: error });
  }
}

/** Of the first error that has one. */
function errnoOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (code !== undefined && code in REASONS) return code;
  }
  return "";
}
