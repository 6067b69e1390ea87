/**
 * WASI runtimes that run linked images: how each is started with a directory, variables and
 * arguments. What `install.sh` installs is found by name; Node is always there.
 */
import {
  type ImageRun,
  type Launch,
  node,
  type Runtime,
  SCRIPT,
  scriptArgs,
} from "../guests/linked.js";
import { missing, needProgram } from "./program.js";

interface NamedRuntime {
  readonly name: string;
  /** Why it cannot be tested here, or false. */
  readonly skip: string | false;
  readonly runtime: Runtime;
}

const variables = ({ env }: ImageRun, option: (variable: string) => readonly string[]) =>
  Object.entries(env).flatMap(([name, value]) => option(`${name}=${value}`));

/** V8 too, but another `node:wasi`. */
function deno(run: ImageRun): Launch {
  const args = ["run", "--allow-all", "--quiet", SCRIPT, ...scriptArgs(run)];
  return { program: needProgram("deno"), args };
}

/** Compiles by Cranelift; its WASI is the reference. */
function wasmtime(run: ImageRun): Launch {
  const env = variables(run, (variable) => ["--env", variable]);
  const args = ["run", "--dir", `${run.directory}::/monitor`, ...env, run.image, ...run.args];
  return { program: needProgram("wasmtime-cli"), args };
}

/** Go, with a compiler of its own; one memory only. */
function wazero(run: ImageRun): Launch {
  const env = variables(run, (variable) => [`-env=${variable}`]);
  const args = ["run", `-mount=${run.directory}:/monitor`, ...env, run.image, ...run.args];
  return { program: needProgram("wazero"), args };
}

/** WAMR's fast interpreter, built without SIMD; one memory only. */
function iwasm(run: ImageRun): Launch {
  const env = variables(run, (variable) => [`--env=${variable}`]);
  const args = [`--map-dir=/monitor::${run.directory}`, ...env, run.image, ...run.args];
  return { program: needProgram("iwasm"), args };
}

/** All of them. */
export const WASI_RUNTIMES: readonly NamedRuntime[] = [
  { name: "node", skip: false, runtime: node },
  { name: "deno", skip: missing("deno"), runtime: deno },
  { name: "wasmtime", skip: missing("wasmtime-cli"), runtime: wasmtime },
  { name: "wazero", skip: missing("wazero"), runtime: wazero },
  { name: "iwasm", skip: missing("iwasm"), runtime: iwasm },
];
