/**
 * Child program of `start.ts`: prints the nanoseconds from before the import to after the first
 * increment. No default metrics on either side; ours is imported as users import it.
 */
const DEFINITION = { name: "jobs_total", help: "Jobs done." };

async function ours(): Promise<void> {
  const { createMonitor } = await import("wasm-monitoring");
  const monitor = await createMonitor({ defaultSources: false });
  monitor.counter(DEFINITION).inc();
}

async function peer(): Promise<void> {
  const { Counter } = await import("prom-client");
  new Counter(DEFINITION).inc();
}

const begin = process.hrtime.bigint();
await (process.argv[2] === "ours" ? ours() : peer());
console.log(Number(process.hrtime.bigint() - begin));
process.exit();
