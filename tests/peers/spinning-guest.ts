/**
 * A guest that never gives its thread back: registers a source `busy` and counts in it for ever.
 * Assembled from text, so that no compiler is needed.
 */
import { encodeSource } from "../../host/definition.js";

const DEFINITION_AT = 16;

/** The guest as WebAssembly text; it runs in `wmon run`. */
export function spinningGuest(): string {
  const definition = encodeSource({
    name: "busy",
    help: "A guest in while(true)",
    fields: [{ key: "loops", type: "counter", help: "Times round." }],
  });
  const bytes = Array.from(definition, (byte) => `\\${byte.toString(16).padStart(2, "0")}`);
  return `(module
    (import "monitor" "source" (func $source (param i32 i32) (result i32)))
    (import "monitor" "series" (func $series (param i32 i32 i32) (result i32)))
    (import "monitor" "counter_add" (func $counter_add (param i32 f64)))
    (memory (export "memory") 1)
    (data (i32.const ${DEFINITION_AT}) "${bytes.join("")}")
    (func (export "_start") (local $loops i32)
      (local.set $loops (call $series
        (call $source (i32.const ${DEFINITION_AT}) (i32.const ${definition.length}))
        (i32.const 0) (i32.const 0)))
      (loop $again
        (call $counter_add (local.get $loops) (f64.const 1))
        (br $again))))`;
}
