/**
 * Node's built-in modules, at once and when they are needed. An `import` of `node:fs` would load
 * all of Node's streams with it, a third of the time to the first metric.
 */
import { createRequire } from "node:module";

/** The built-in module of that name. */
export function builtin<T>(name: string): T {
  // Since Node 20.16; a tenth of what the first `require` of a process costs.
  if (process.getBuiltinModule !== undefined) return process.getBuiltinModule(name) as T;
  return createRequire(import.meta.url)(name) as T;
}
