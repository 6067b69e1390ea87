/**
 * Programs that we test against: where they are, and what a test does without them.
 *
 * Debian's folders and our cache come before PATH: they hold the versions of `install.sh`.
 */
import { accessSync, constants, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

const DEBIAN_FOLDERS = ["/usr/bin", "/usr/sbin"];

/** Path of the program called `name`, or undefined where this machine has none. */
export function findProgram(name: string): string | undefined {
  const debian = DEBIAN_FOLDERS.map((folder) => join(folder, name));
  const others = pathFolders().map((folder) => join(folder, name));
  return [...debian, ...cachedPrograms(name), ...others].find(isExecutable);
}

/** Path of the program called `name`; throws where this machine has none. */
export function needProgram(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(lack([name]));
  return path;
}

/**
 * What a test gives as `skip`: false if every program is here, else the reason.
 *
 * With `CI=true` it is always false, so that the test runs and fails.
 */
export function missing(...names: readonly string[]): string | false {
  if (process.env.CI === "true") return false;
  const absent = names.filter((name) => findProgram(name) === undefined);
  return absent.length === 0 ? false : lack(absent);
}

function lack(names: readonly string[]): string {
  return `not installed: ${names.join(", ")} (npm run peers)`;
}

function pathFolders(): string[] {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
}

/** Programs in our cache are called `<name>-<version>`; the newest comes first. */
function cachedPrograms(name: string): string[] {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const folder = join(cache, "wasm-monitoring");
  return listFolder(folder)
    .filter((file) => file.startsWith(`${name}-`))
    .sort((one, other) => other.localeCompare(one, "en", { numeric: true }))
    .map((file) => join(folder, file));
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
