/**
 * The compiled part of @wasmer/wasi as a file of its own, for runtimes that refuse to compile
 * bytes: the package carries it inside its JavaScript, as a data URI.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { ROOT } from "../guests/guest.js";

/** Where it is put. */
export const WASI_MODULE = `${ROOT}build/conformance/wasi.wasm`;

/** Takes it out of the package, unless that is done. */
export function extractWasi(): void {
  if (existsSync(WASI_MODULE)) return;
  const text = readFileSync(createRequire(import.meta.url).resolve("@wasmer/wasi"), "utf8");
  const [, encoded = ""] = /data:application\/wasm;base64,([A-Za-z0-9+/=]+)/.exec(text) ?? [];
  mkdirSync(dirname(WASI_MODULE), { recursive: true });
  writeFileSync(WASI_MODULE, Buffer.from(encoded, "base64"));
}
