/**
 * Guests in this thread: `monitor.imports()` gives them what `wmon run` gives a command.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSource, encodeValues } from "../../host/definition.js";
import { createMonitor, type Monitor } from "../../host/index.js";
import { HOSTILE } from "./guest-text.js";
import { assemble } from "./wmon.js";

/** Every import, handed straight back to the test. */
const PLUGIN = assemble(`(module
  (import "monitor" "source" (func $source (param i32 i32) (result i32)))
  (import "monitor" "series" (func $series (param i32 i32 i32) (result i32)))
  (import "monitor" "counter_add" (func $counter_add (param i32 f64)))
  (import "monitor" "text_set" (func $text_set (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "source") (param i32 i32) (result i32)
    (call $source (local.get 0) (local.get 1)))
  (func (export "series") (param i32 i32 i32) (result i32)
    (call $series (local.get 0) (local.get 1) (local.get 2)))
  (func (export "counter_add") (param i32 f64) (call $counter_add (local.get 0) (local.get 1)))
  (func (export "text_set") (param i32 i32 i32)
    (call $text_set (local.get 0) (local.get 1) (local.get 2))))`);

const DEFINITION = encodeSource({
  name: "plugin",
  tags: ["id"],
  fields: [
    { key: "calls", type: "counter" },
    { key: "state", type: "text" },
  ],
});

interface Plugin {
  readonly memory: WebAssembly.Memory;
  source(address: number, byteCount: number): number;
  series(source: number, address: number, byteCount: number): number;
  counter_add(handle: number, value: number): void;
  text_set(handle: number, address: number, byteCount: number): void;
}

async function plug(monitor: Monitor): Promise<Plugin> {
  let memory: WebAssembly.Memory | undefined;
  const { instance } = await WebAssembly.instantiate(
    PLUGIN as Uint8Array<ArrayBuffer>,
    monitor.imports(() => memory),
  );
  const plugin = instance.exports as unknown as Plugin;
  memory = plugin.memory;
  return plugin;
}

/** Registers the source and the series of one id, from the plug-in's memory; the first handle. */
function register({ memory, ...plugin }: Plugin, id: string): number {
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(DEFINITION);
  const source = plugin.source(0, DEFINITION.length);
  const values = encodeValues([id]);
  bytes.set(values);
  return plugin.series(source, 0, values.length);
}

test("plug-in: handles follow each other, in the fields' order", async () => {
  const monitor = await createMonitor({ timestamps: "none" });
  const plugin = await plug(monitor);
  const calls = register(plugin, "a");
  plugin.counter_add(calls, 2);
  new Uint8Array(plugin.memory.buffer).set(new TextEncoder().encode("up"));
  plugin.text_set(calls + 1, 0, 2);
  const lines = new TextDecoder().decode(monitor.influx());
  assert.match(lines, /^plugin,id=a calls=2i,state="up"$/m);
});

test("plug-in: instantiated again, it finds its sources and series", async () => {
  const monitor = await createMonitor({ timestamps: "none" });
  const [one, other] = [await plug(monitor), await plug(monitor)];
  const handle = register(one, "a");
  assert.equal(register(other, "a"), handle);
  assert.notEqual(register(other, "b"), handle);
});

test("plug-in: a source or a text field that it was not given is refused", async () => {
  const monitor = await createMonitor({ timestamps: "none" });
  const plugin = await plug(monitor);
  const calls = register(plugin, "a");
  assert.ok(plugin.series(12345, 0, 0) < 0);
  plugin.text_set(calls, 0, 2);
  plugin.text_set(99, 0, 2);
  assert.match(new TextDecoder().decode(monitor.influx()), /^monitor .*refused=3i/m);
});

test("plug-in: a hostile one changes nothing", async () => {
  const monitor = await createMonitor({ timestamps: "none" });
  let memory: WebAssembly.Memory | undefined;
  let code = -1;
  const exit = (given: number) => {
    code = given;
    throw new Error("exited");
  };
  const { instance } = await WebAssembly.instantiate(assemble(HOSTILE) as Uint8Array<ArrayBuffer>, {
    ...monitor.imports(() => memory),
    wasi_snapshot_preview1: { proc_exit: exit },
  });
  const before = monitor.command("m*");
  memory = instance.exports.memory as WebAssembly.Memory;
  assert.throws(instance.exports._start as () => void, /exited/);
  assert.deepEqual([code, monitor.command("m*")], [7, before]);
});
