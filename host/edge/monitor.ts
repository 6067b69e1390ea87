/**
 * The monitor where nothing listens and nothing runs in between: whoever calls says when. Counts
 * live as long as the isolate. What carries them out is given as values (`wire.ts`).
 */
import { Core } from "../core.js";
import { optionInvalid } from "../errors.js";
import { LogBook } from "../logs/book.js";
import { Meter } from "../meter.js";
import { ConsoleSink } from "./console.js";
import type { EdgeOptions } from "./options.js";

const SERIES_TTL_MS = 300_000;
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** A monitor of one isolate. */
export class EdgeMonitor extends Meter {
  /** Tells this isolate from others. */
  readonly instance: string;

  /** For `createEdgeMonitor`. */
  constructor(options: EdgeOptions) {
    const { vmName = "edge", instance = drawInstance() } = options;
    checkModule(options.module);
    if (!/^[\w.-]{1,64}$/.test(instance)) {
      optionInvalid(
        `instance ${JSON.stringify(instance)} is no name: write 1 to 64 letters, digits, _, . or -`,
      );
    }
    super({
      core: new Core({ ...options, vmName: `${vmName}-${instance}` }),
      nowNs,
      settings: options,
      seriesTtlMs: options.seriesTtlMs ?? SERIES_TTL_MS,
      openBook: () => new LogBook(new ConsoleSink(options.logs?.format), nowNs),
    });
    this.instance = instance;
    this.#join(options);
    this.gauge({
      name: "monitor_isolate_info",
      help: "The isolate that answers, and the monitor's name.",
      labels: ["id", "vm"],
      ttlMs: 0,
    })
      .child({ id: instance, vm: vmName })
      .set(1);
  }

  #join(options: EdgeOptions): void {
    for (const name of ["serve", "push"] as const) {
      const wire = options[name];
      if (wire === undefined) continue;
      if (typeof wire !== "function") {
        optionInvalid(`${name}: write ${name}(…) of wasm-monitoring/edge/${name}`);
      }
      const methods = wire({
        monitor: this,
        bestEffort: options.timestamps === "none",
        audit: (level, text) => this.writeLog("control", level, text),
      });
      Object.assign(this, methods);
    }
  }
}

/** Workers refuse random numbers before the first request. */
function drawInstance(): string {
  try {
    const bytes = crypto.getRandomValues(new Uint8Array(4));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch (cause) {
    optionInvalid(
      "instance: there are no random numbers yet: make the monitor in the first request, or " +
        "name its instance",
      cause,
    );
  }
}

/** Not every caller has a compiler that says so. */
function checkModule(module: WebAssembly.Module): void {
  if (Object.prototype.toString.call(module) === "[object WebAssembly.Module]") return;
  optionInvalid(
    "module: wanted is a compiled WebAssembly.Module: import wasm-monitoring/monitor.wasm, or " +
      "compile its bytes",
  );
}
