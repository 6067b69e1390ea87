/**
 * The page's content and how its figures are said: one place for samples, bytes, shares and errors.
 */
import type { PageContent, Samples } from "../content.js";
import { formatBytes, formatPercent, formatPlace, formatShare } from "./format.js";

/** Which figures the flame graph shows. */
export type Mode = keyof Samples;

/** What a mode's bytes are called. */
export const MODE_NOUNS: Readonly<Record<Mode, string>> = {
  allocated: "allocated",
  live: "live at the end",
};

/** A function as the page shows it. */
export interface FunctionFigures {
  readonly index: number;
  readonly name: string;
  readonly file: string;
  readonly place: string;
  readonly self: Samples;
  readonly total: Samples;
}

/** Reads the content and says its figures. */
export class Report {
  readonly functions: readonly FunctionFigures[];

  constructor(readonly content: PageContent) {
    const { functions, files } = content;
    this.functions = functions.name.map((name, index) => {
      const file = files[functions.file[index] ?? 0] ?? "";
      const at = (column: readonly number[]) => column[index] ?? 0;
      return {
        index,
        name,
        file,
        place: formatPlace(file, at(functions.line)),
        self: { allocated: at(functions.allocatedSelf), live: at(functions.liveSelf) },
        total: { allocated: at(functions.allocatedTotal), live: at(functions.liveTotal) },
      };
    });
  }

  /** The most samples that were live at once, and when first. */
  peak(): { readonly samples: number; readonly seconds: number } {
    const { live, total, facts } = this.content;
    let peak = { samples: 0, seconds: 0 };
    for (const [index, samples] of live.samples.entries()) {
      if (samples > peak.samples) peak = { samples, seconds: live.seconds[index] ?? 0 };
    }
    // A series may be missing; the end never is.
    const isLast = total.live > peak.samples;
    return isLast ? { samples: total.live, seconds: facts.durationSeconds } : peak;
  }

  /** `12.3 MiB`, for a number of samples. */
  bytes(samples: number): string {
    return formatBytes(samples * this.content.facts.bytesPerSample);
  }

  /** `45.6 %` of all that the mode counts. */
  share(samples: number, mode: Mode): string {
    return formatShare(samples, this.content.total[mode]);
  }

  /** `12.3 MiB (45.6 %)`. */
  amount(samples: number, mode: Mode): string {
    return `${this.bytes(samples)} (${this.share(samples, mode)})`;
  }

  /**
   * `± 6.3 %`: how far an estimate is off at most, 19 times of 20; empty where all was sampled.
   *
   * Every word is sampled independently, so samples are binomially distributed: the standard
   * deviation of n of them is √(n(1−rate)), and two of those hold 95 %.
   */
  error(samples: number): string {
    const { samplingRate } = this.content.facts;
    if (samplingRate >= 1 || samples === 0) return "";
    const share = 2 * Math.sqrt((1 - samplingRate) / samples);
    if (share >= 1) return `± over\u00a0${formatPercent(100)}`;
    return `±\u00a0${formatPercent(Number((100 * share).toPrecision(2)))}`;
  }
}
