/**
 * The packages of this folder, installed by npm as its lock file says, once a lock file; and
 * Chromium, which is Debian's.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ROOT } from "../guests/guest.js";
import { findProgram } from "../peers/program.js";

/** This folder as npm sees it. */
export const FOLDER = `${ROOT}tests/conformance`;

/** npm tries for minutes where there is no network. */
const TIMEOUT_MS = 300_000;
const MARK = `${FOLDER}/node_modules/.installed`;

/** Installs them unless they are there; why they are not. */
export function installPackages(): string | undefined {
  const lock = readFileSync(`${FOLDER}/package-lock.json`);
  const wanted = createHash("sha256").update(lock).digest("hex");
  if (existsSync(MARK) && readFileSync(MARK, "utf8") === wanted) return undefined;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const options = { cwd: FOLDER, encoding: "utf8", timeout: TIMEOUT_MS } as const;
  const { status, stderr } = spawnSync(npm, ["ci"], options);
  if (status !== 0) return `npm ci failed in tests/conformance: ${stderr}`;
  writeFileSync(MARK, wanted);
  return undefined;
}

/** Installs Debian's Chromium unless there is one; why it is not. Needs root, or sudo. */
export function installChromium(): string | undefined {
  if (findProgram("chromium") !== undefined) return undefined;
  const become = process.getuid?.() === 0 ? "" : "sudo -n ";
  const aptGet = `${become}env DEBIAN_FRONTEND=noninteractive apt-get`;
  const script = `${aptGet} update && ${aptGet} install -y --no-install-recommends chromium`;
  const options = { encoding: "utf8", timeout: TIMEOUT_MS } as const;
  const { status, stderr } = spawnSync("sh", ["-c", script], options);
  return status === 0 ? undefined : `apt-get cannot install chromium: ${stderr}`;
}

/** The path of a file in a package of this folder; undefined where it is not installed. */
export function findInPackage(name: string, path: string): string | undefined {
  const file = `${FOLDER}/node_modules/${name}/${path}`;
  return existsSync(file) ? file : undefined;
}
