/**
 * Traces of plug-ins in this thread: what they say, where they go, and what ends them.
 */
import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { createMonitor, type InstrumentedModule, type Monitor } from "../../host/index.js";
import { booksOf, readTrace, samplesOf, type TraceText } from "../guests/traced.js";
import { CALLER, PLUGIN } from "./memtrace-text.js";
import { until } from "./until.js";
import { assemble } from "./wmon.js";

interface Plugin {
  take(bytes: number): number;
  free(address: number): void;
  churn(count: number, bytes: number): void;
  descend(depth: number, bytes: number): number;
  ask(bytes: number): number;
}

async function quietMonitor(t: TestContext): Promise<Monitor> {
  const monitor = await createMonitor({ logLevels: "quiet", timestamps: "none" });
  t.after(() => monitor.close());
  return monitor;
}

async function plug(module: InstrumentedModule, imports: WebAssembly.Imports = {}) {
  const { instance } = await WebAssembly.instantiate(module.bytes, imports);
  const detach = module.attach(instance);
  return { plugin: instance.exports as unknown as Plugin, detach, exports: instance.exports };
}

/** Gathers a trace; `isSlow` takes nothing until `release`. */
class Memory extends WritableStream<Uint8Array> {
  readonly chunks: Uint8Array[] = [];
  isClosed = false;
  release: () => void = () => {};

  constructor(isSlow = false) {
    let wait: Promise<void> | undefined;
    super({
      write: async (chunk) => {
        await wait;
        this.chunks.push(chunk);
      },
      close: () => {
        this.isClosed = true;
      },
    });
    if (!isSlow) return;
    wait = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  read(): TraceText {
    return readTrace(Buffer.concat(this.chunks));
  }
}

const EVERY = { samplingRate: 1, maxSamples: 0 };

const namesOf = (trace: TraceText, index = 0) =>
  (trace.stacks[trace.blocks[index]?.stack ?? -1] ?? []).map(({ definition }) => definition);

test("trace: at rate 1 it has every word, and every free of a block that it has", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const earlier = plugin.take(8);
  const target = new Memory();
  const trace = await monitor.memtrace.start(target, EVERY);
  const address = plugin.take(101);
  plugin.take(400);
  plugin.churn(10, 7);
  plugin.free(address);
  plugin.free(earlier);
  plugin.free(12_345);
  const stats = await trace.stop();
  const text = target.read();
  assert.deepEqual(booksOf(text), { blocks: 12, words: 146, liveBlocks: 1, liveWords: 100 });
  assert.equal(samplesOf(text), 146);
  assert.equal(target.isClosed, true);
  const bytes = Buffer.concat(target.chunks).length;
  const counts = { allocations: 12, collects: 11, samples: 146, droppedEvents: 0 };
  assert.deepEqual(stats, { reason: "stopped", bytes, ...counts });
});

for (const stacks of ["engine", "shadow"] as const) {
  test(`trace: frames go from the entry to the allocation, ${stacks} stacks`, async (t) => {
    const monitor = await quietMonitor(t);
    const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN), { stacks }));
    const target = new Memory();
    const trace = await monitor.memtrace.start(target, EVERY);
    plugin.descend(2, 8);
    plugin.churn(1, 8);
    await trace.stop();
    const text = target.read();
    assert.deepEqual(namesOf(text), ["descend", "descend", "descend", "take"]);
    assert.deepEqual(namesOf(text, 1), ["churn", "take"]);
  });

  test(`trace: past 1,024 frames a stack is cut at its entry, ${stacks} stacks`, async (t) => {
    const monitor = await quietMonitor(t);
    const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN), { stacks }));
    const target = new Memory();
    const trace = await monitor.memtrace.start(target, EVERY);
    // A shadow stack has its memory from the first allocation on.
    plugin.take(8);
    plugin.descend(3000, 8);
    await trace.stop();
    const names = namesOf(target.read(), 1);
    assert.equal(names.at(-1), "take");
    assert.ok(names.length <= 1024 && names.length >= 512, `${names.length} frames`);
    assert.match(new TextDecoder().decode(monitor.influx()), /^memtrace .*cut_backtraces=1i/m);
  });
}

test("trace: modules are told apart, also in one backtrace", async (t) => {
  const monitor = await quietMonitor(t);
  const callee = await plug(await monitor.instrument(assemble(PLUGIN), { name: "callee" }));
  const hooked = await monitor.instrument(assemble(CALLER), { name: "caller" });
  const caller = await plug(hooked, { other: callee.exports as WebAssembly.ModuleImports });
  // A module that has never allocated is not known to the others.
  caller.plugin.take(8);
  const target = new Memory();
  const trace = await monitor.memtrace.start(target, EVERY);
  caller.plugin.ask(8);
  callee.plugin.take(8);
  caller.plugin.take(8);
  await trace.stop();
  const text = target.read();
  assert.equal(text.summary.info.program, "callee, caller");
  assert.deepEqual(namesOf(text), ["ask", "take"]);
  assert.deepEqual(namesOf(text, 1), ["take"]);
  assert.deepEqual(namesOf(text, 2), ["take"]);
});

test("trace: frames of a module that is not traced are left out", async (t) => {
  const monitor = await quietMonitor(t);
  const callee = await plug(await monitor.instrument(assemble(PLUGIN)));
  const { instance } = await WebAssembly.instantiate(assemble(CALLER) as Uint8Array<ArrayBuffer>, {
    other: callee.exports as WebAssembly.ModuleImports,
  });
  const target = new Memory();
  const trace = await monitor.memtrace.start(target, EVERY);
  (instance.exports as unknown as Plugin).ask(8);
  await trace.stop();
  assert.deepEqual(namesOf(target.read()), ["take"]);
});

test("trace: instances come and go while it is made; those that went are not seen", async (t) => {
  const monitor = await quietMonitor(t);
  const module = await monitor.instrument(assemble(PLUGIN));
  const target = new Memory();
  const trace = await monitor.memtrace.start(target, EVERY);
  const one = await plug(module);
  const other = await plug(module);
  one.plugin.take(40);
  other.plugin.take(80);
  one.detach();
  one.plugin.take(4000);
  one.plugin.free(1024);
  other.plugin.take(8);
  await trace.stop();
  assert.equal(samplesOf(target.read()), 32);
});

test("trace: a guest's own errors, and those of the program, look as before", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const { stackTraceLimit, prepareStackTrace } = Error;
  t.after(() => Object.assign(Error, { stackTraceLimit, prepareStackTrace }));
  const prepare = () => "mine";
  Object.assign(Error, { stackTraceLimit: 3, prepareStackTrace: prepare });
  const trace = await monitor.memtrace.start(new Memory(), EVERY);
  plugin.take(8);
  assert.equal(Error.stackTraceLimit, 3);
  assert.equal(Error.prepareStackTrace, prepare);
  await trace.stop();
});

test("trace: one at a time, and again and again, leaves nothing behind", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const timers = () => process.getActiveResourcesInfo().length;
  const before = timers();
  for (let round = 0; round < 50; round++) {
    const target = new Memory();
    const trace = await monitor.memtrace.start(target, EVERY);
    await assert.rejects(monitor.memtrace.start(new Memory(), EVERY), { code: "TRACE_BUSY" });
    plugin.churn(10, 8);
    plugin.take(8);
    await trace.stop();
    assert.equal((await trace.stop()).allocations, 11);
    assert.equal(target.read().blocks.length, 11);
  }
  assert.equal(timers(), before);
  const line = new TextDecoder().decode(monitor.influx());
  assert.match(line, /^memtrace .*sessions=50i.*active=0i?,live_blocks=0i?$/m);
});

test("trace: past its cap it ends by itself, and says so", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const target = new Memory();
  const trace = await monitor.memtrace.start(target, { samplingRate: 1, maxSamples: 100 });
  plugin.churn(1000, 8);
  const stats = await trace.ended;
  assert.deepEqual([stats.reason, stats.allocations], ["capped", 100]);
  assert.equal(target.read().blocks.length, 100);
  assert.match(new TextDecoder().decode(monitor.influx()), /^memtrace .*capped_sessions=1i/m);
});

test("trace: a reader that takes nothing costs bounded memory; what it has decodes", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const target = new Memory(true);
  const trace = await monitor.memtrace.start(target, EVERY);
  const kept = plugin.take(8);
  const count = 400_000;
  for (let done = 0; done < count; done += 1000) plugin.churn(1000, 8);
  plugin.free(kept);
  target.release();
  const stats = await trace.stop();
  assert.ok(stats.bytes < 2 << 20, `${stats.bytes} bytes`);
  assert.ok(stats.droppedEvents > 0);
  const text = target.read();
  assert.equal(text.wrongCollects, 0);
  assert.equal(stats.allocations, text.blocks.length);
  // A block is dropped whole: its free is either written, or waits until there is room, or counted.
  assert.ok(stats.allocations + stats.droppedEvents >= count);
  const line = new TextDecoder().decode(monitor.influx());
  assert.match(line, /^memtrace_dropped,reason=backlog events=[1-9]\d*i$/m);
});

test("trace: a Node stream is taken too; one that fails ends the trace alone", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const chunks: Uint8Array[] = [];
  const good = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  const trace = await monitor.memtrace.start(good, EVERY);
  plugin.take(8);
  await trace.stop();
  assert.equal(good.writableFinished, true);
  assert.equal(readTrace(Buffer.concat(chunks)).blocks.length, 1);

  const bad = new Writable({
    write(_chunk, _encoding, done) {
      done(new Error("disk full"));
    },
  });
  const failed = await monitor.memtrace.start(bad, EVERY);
  assert.equal((await failed.ended).reason, "failed");
  plugin.take(8);
});

test("trace: a quiet packet is flushed within a second", async (t) => {
  const monitor = await quietMonitor(t);
  const { plugin } = await plug(await monitor.instrument(assemble(PLUGIN)));
  const target = new Memory();
  await monitor.memtrace.start(target, EVERY);
  plugin.take(8);
  await until("it has come", () => target.chunks.length > 1);
  assert.equal(target.read().blocks.length, 1);
  await monitor.close();
  assert.equal(target.isClosed, true);
});

test("trace: what makes no sense is refused before anything is written", async (t) => {
  const monitor = await quietMonitor(t);
  const target = new Memory();
  const text = "1" as unknown as number;
  const seed = 5 as unknown as bigint;
  const rates = [{ samplingRate: 0 }, { samplingRate: 2 }, { samplingRate: text }];
  for (const options of [...rates, { maxSamples: -1 }, { seed }]) {
    await assert.rejects(monitor.memtrace.start(target, options), { code: "OPTION_INVALID" });
  }
  assert.equal(target.locked, false);
  await assert.rejects(monitor.memtrace.start({} as Memory), TypeError);
  await assert.rejects(monitor.memtrace.start(null as unknown as Memory), TypeError);
  await assert.rejects(monitor.instrument(Uint8Array.of(1, 2, 3)), { code: "GUEST_INVALID" });
  await monitor.close();
  await assert.rejects(monitor.memtrace.start(target), { code: "CLOSED" });
});

test("trace: one of a module in which nothing can be hooked is empty", async (t) => {
  const monitor = await quietMonitor(t);
  const original = assemble('(module (memory (export "memory") 1) (func (export "f")))');
  const module = await monitor.instrument(original);
  assert.deepEqual(module.bytes, new Uint8Array(original));
  assert.equal(module.description.hooked.length, 0);
  await plug(module);
  const target = new Memory();
  const stats = await (await monitor.memtrace.start(target)).ended;
  assert.equal(stats.reason, "unhooked");
  assert.equal(target.read().blocks.length, 0);
});

test("instrument: what is no module, or no kind of stacks, is named", async (t) => {
  const monitor = await quietMonitor(t);
  const module = Uint8Array.from(assemble(PLUGIN));
  for (const bytes of [null, undefined, "x", module.buffer]) {
    const instrumenting = monitor.instrument(bytes as unknown as Uint8Array);
    await assert.rejects(instrumenting, { code: "OPTION_INVALID", message: /Uint8Array/ });
  }
  const stacks = "deep" as "engine";
  await assert.rejects(monitor.instrument(module, { stacks }), { code: "OPTION_INVALID" });
});

test("trace: closing the monitor ends it, though its reader never reads", async (t) => {
  const monitor = await quietMonitor(t);
  const stuck = new WritableStream<Uint8Array>({ write: () => new Promise(() => {}) });
  const { ended } = await monitor.memtrace.start(stuck);
  await monitor.close();
  assert.equal((await ended).reason, "finished");
});
