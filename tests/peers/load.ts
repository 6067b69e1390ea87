/**
 * A monitor under load: series whose value is the number of the gather, so that each line that
 * arrives says which one it is, and a count of all that there should be.
 */
import { createMonitor, type Monitor, type MonitorOptions } from "../../host/index.js";
import { parseExposition } from "./exposition.js";

/** What one receiver's counters say at the end. */
export type PushCounts = Readonly<Record<string, number>>;

export interface LoadOptions {
  readonly push: MonitorOptions["push"];
  readonly intervalMs: number;
  readonly seriesCount: number;
  /** Bytes added to every line. @default 0 */
  readonly padding?: number;
  readonly prometheus?: string;
  readonly control?: string;
}

/** A monitor that pushes nothing but `load,id=<series> n=<gather>i`. */
export class Load {
  /** Gathers so far, each of `seriesCount` lines. */
  gatherCount = 0;

  private constructor(
    readonly monitor: Monitor,
    private readonly seriesCount: number,
  ) {}

  static async start(options: LoadOptions): Promise<Load> {
    const { seriesCount, padding = 0, ...rest } = options;
    // Pushing starts last: every push has every line.
    const monitor = await createMonitor({
      ...rest,
      push: [],
      metrics: "*:off,load:on",
      logLevels: "*:quiet",
    });
    const load = new Load(monitor, seriesCount);
    const fields = [{ key: "n", type: "i64" }] as const;
    const source = monitor.source({ name: "load", tags: ["id", "padding"], fields });
    const text = "x".repeat(padding);
    const cells = Array.from({ length: seriesCount }, (_, id) =>
      source.series({ id, padding: text }).integer("n"),
    );
    monitor.onCollect(() => {
      load.gatherCount++;
      for (const cell of cells) cell.set(load.gatherCount);
    }, source);
    await monitor.startPush([options.push ?? []].flat());
    return load;
  }

  /** Lines that each receiver should have. */
  get lineCount(): number {
    return this.gatherCount * this.seriesCount;
  }

  /** The counters of each receiver, by field. Gathers nothing. */
  counts(): PushCounts[] {
    this.monitor.command("M*:off");
    this.monitor.command("Mmonitor_push:on");
    const text = new TextDecoder().decode(this.monitor.prometheus());
    this.monitor.command("M*:off");
    this.monitor.command("Mload:on");
    const byReceiver = new Map<string, Record<string, number>>();
    for (const { samples } of parseExposition(text, "text")) {
      for (const { name, labels, value } of samples) {
        const receiver = labels.receiver ?? "";
        const counts = byReceiver.get(receiver) ?? {};
        counts[name.replace(/^monitor_push_|_total$/g, "")] = value;
        byReceiver.set(receiver, counts);
      }
    }
    return [...byReceiver.values()];
  }
}
