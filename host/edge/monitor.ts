/**
 * The monitor where nothing listens and nothing runs in between: whoever calls says when. Counts
 * live as long as the isolate. What carries them out is given as values (`wire.ts`).
 */
import { Core } from "../core.js";
import { optionInvalid } from "../errors.js";
import { LogBook } from "../logs/book.js";
import { checkFormat } from "../logs/record.js";
import { Meter } from "../meter.js";
import { ConsoleSink } from "./console.js";
import type { EdgeOptions } from "./options.js";
import type { WireHost } from "./wire.js";

const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** A monitor of one isolate. */
export class EdgeMonitor extends Meter {
  /** Tells this isolate from others. */
  readonly instance: string;

  /** For `createEdgeMonitor`. */
  constructor(options: EdgeOptions) {
    const vmName = options.vmName ?? "edge";
    const instance = options.instance ?? drawInstance();
    const seriesTtlMs = options.seriesTtlMs ?? 300_000;
    // Not every caller has a compiler that says so.
    if ({}.toString.call(options.module) !== "[object WebAssembly.Module]") {
      optionInvalid("module: no WebAssembly.Module: import wasm-monitoring/monitor.wasm");
    }
    if (!/^[\w.-]{1,64}$/.test(instance)) {
      const shown = JSON.stringify(instance);
      optionInvalid(`instance ${shown} is no name: write 1 to 64 letters, digits, _, . or -`);
    }
    checkFormat(options.logs?.format ?? "text");
    super({
      core: new Core({ ...options, vmName: `${vmName}-${instance}` }),
      nowNs,
      settings: options,
      seriesTtlMs,
      openBook: () => new LogBook(new ConsoleSink(options.logs?.format), nowNs),
    });
    this.instance = instance;
    this.#join(options);
    this.gauge({
      name: "monitor_isolate_info",
      help: "The isolate that answers, and the monitor's name.",
      labels: ["id", "vm"],
      ttlMs: 0,
    }).set({ id: instance, vm: vmName }, 1);
  }

  #join(options: EdgeOptions): void {
    const host: WireHost = {
      monitor: this,
      bestEffort: options.timestamps === "none",
      show: (part) => this.show(part),
      audit: (level, text) => this.writeLog("control", level, text),
    };
    for (const name of ["serve", "push"] as const) {
      const wire: unknown = options[name] ?? (() => ({}));
      const methods = typeof wire === "function" && wire(host);
      // `serve` itself, not called, would make a wire and no methods.
      if (typeof methods !== "object") {
        optionInvalid(`${name}: write ${name}(…) of wasm-monitoring/edge/${name}`);
      }
      Object.assign(this, methods);
    }
  }
}

/** Workers refuse random numbers before the first request. */
function drawInstance(): string {
  try {
    const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
    return number.toString(16).padStart(8, "0");
  } catch {
    return optionInvalid(
      "instance: no random numbers yet: make the monitor in the first request, or name it",
    );
  }
}
