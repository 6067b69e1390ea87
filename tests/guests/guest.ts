/**
 * The guests that tests run, and where their wasm is. `build.ts` makes them.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ALLOCATION_GUESTS, GO_GUESTS } from "./allocation.js";

/** One guest: its source below the repository, and what compiles it. */
export interface Guest {
  readonly name: string;
  readonly language: "assemblyscript" | "c" | "cpp" | "go" | "rust";
  readonly source: string;
  /** The export that a host calls first: a command's (C's default), or a library's. */
  readonly start?: "_start" | "_initialize";
  /** How it is compiled. @default optimized, without debug information */
  readonly options?: readonly string[];
}

/** The repository's root, seen from build/tests/guests/. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

const ASSEMBLY = "tests/guests/assembly";

/** Every guest. AssemblyScript ones can always be built; the others need their compiler. */
export const GUESTS: readonly Guest[] = [
  assembly("actor"),
  assembly("block"),
  assembly("busy"),
  assembly("hostile"),
  assembly("hundred"),
  assembly("kinds"),
  assembly("trap"),
  { ...assembly("increments"), start: "_initialize" },
  { name: "c-actor", language: "c", source: "tests/guests/c/actor.c" },
  { name: "c-devices", language: "c", source: "tests/guests/c/devices.c" },
  { name: "c-echo", language: "c", source: "tests/guests/c/echo.c" },
  { name: "c-http", language: "c", source: "examples/http/server.c" },
  { name: "c-primes", language: "c", source: "examples/c/primes.c" },
  { name: "c-prompt", language: "c", source: "tests/guests/c/prompt.c" },
  { name: "c-store", language: "c", source: "examples/block/store.c" },
  { name: "rust-actor", language: "rust", source: "tests/guests/rust/actor.rs" },
  { name: "rust-server", language: "rust", source: "tests/guests/rust/server.rs" },
  { name: "go-server", language: "go", source: "tests/guests/go/server.go" },
  ...ALLOCATION_GUESTS,
  ...GO_GUESTS,
];

/** The path of a guest's wasm, whether it is there or not. */
export function guestPath(name: string): string {
  return `${ROOT}build/guests/${name}.wasm`;
}

/** For `test(…, { skip })`: false when the guest is built, otherwise why it is not. */
export function skipWithout(name: string): string | false {
  if (existsSync(guestPath(name))) return false;
  return `${name}.wasm is not built: its compiler is missing (npm run peers installs it)`;
}

function assembly(name: string): Guest {
  return {
    name,
    language: "assemblyscript",
    source: `${ASSEMBLY}/${name}.ts`,
    start: "_start",
  };
}
