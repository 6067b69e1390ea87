/**
 * Makes a report of a trace in one of six formats. A report is a visitor of the trace while it is
 * read, and text or bytes afterwards.
 */
import { MonitorError } from "../errors.js";
import type { TraceSummary } from "../trace/reader.js";
import type { TraceVisitor } from "../trace/visitor.js";
import { collapse } from "./collapsed.js";
import { Dump } from "./dump.js";
import type { ReportFormat } from "./format.js";
import { HOTSPOTS_WORD_BYTES, Hotspots } from "./hotspots.js";
import { describeHotspots, describeProfile, describeReading, describeSelection } from "./notes.js";
import { renderPage } from "./page/page.js";
import { pageData } from "./page-data.js";
import { encodePprof } from "./pprof.js";
import { Profile } from "./profile.js";
import { type Selection, select } from "./selection.js";
import { formatSpeedscope } from "./speedscope.js";
import { samplesMin, type Threshold } from "./threshold.js";
import { type Window, windowed } from "./window.js";

export interface ReportOptions {
  readonly format: ReportFormat;
  /** The part of the trace that counts. */
  readonly window: Window;
  /** Whether only blocks count that are alive at the end of the window. Not for dumps. */
  readonly isLive: boolean;
  /** The least that is shown. Not for dumps. */
  readonly min?: Threshold | undefined;
  /** The text of PAGE_TEMPLATE, for `html`. */
  readonly template?: string | undefined;
  /** Takes what can be written while the trace is still read, as all of a dump. */
  readonly write: (text: string) => void;
}

/** What a report says in the end. */
export interface Ending {
  /** What follows everything that was written before. */
  readonly output: string | Uint8Array;
  /** Sentences about what is missing from the report. */
  readonly notes: readonly string[];
}

/** A report in the making. */
export interface Report {
  /** To be told the whole trace. */
  readonly visitor: TraceVisitor;
  finish(summary: TraceSummary): Promise<Ending>;
}

/** Opens a report; throws a MonitorError OPTION_INVALID for options that do not go together. */
export function openReport(options: ReportOptions): Report {
  const { sinceUs, untilUs } = options.window;
  if (sinceUs >= untilUs)
    throw new MonitorError(
      "OPTION_INVALID",
      "--since has to be before --until; by default it is 0s",
    );
  if (options.format === "dump") return openDump(options);
  return options.format === "hotspots" && !options.isLive
    ? openHotspots(options)
    : openProfile(options);
}

function openDump({ window, isLive, min, write }: ReportOptions): Report {
  if (isLive || min)
    throw new MonitorError(
      "OPTION_INVALID",
      "a dump shows every event: it takes --since and --until, but neither --live nor --min",
    );
  return {
    visitor: windowed(new Dump(write), window),
    finish: async (summary) => ({ output: "", notes: describeReading(summary) }),
  };
}

function openHotspots({ window, min }: ReportOptions): Report {
  const hotspots = new Hotspots();
  return {
    visitor: windowed(hotspots, window),
    finish: async (summary) => endHotspots(hotspots, summary, { min }),
  };
}

/** Prints hotspots, less those under `min`; as the reference's, a word is 8 bytes there. */
function endHotspots(
  hotspots: Hotspots,
  summary: TraceSummary,
  { min, kind }: { min: Threshold | undefined; kind?: string },
): Ending {
  const { samples } = hotspots;
  const bytesPerSample = HOTSPOTS_WORD_BYTES / summary.info.samplingRate;
  const least = min && samplesMin(min, { samples, bytesPerSample });
  const { text, unlistedSamples } = hotspots.print({ kind, samplesMin: least });
  const unlisted = { samples, unlistedSamples, wordBytes: summary.info.wordBytes };
  return { output: text, notes: [...describeReading(summary), ...describeHotspots(unlisted)] };
}

function openProfile(options: ReportOptions): Report {
  const profile = new Profile();
  return {
    visitor: windowed(profile, options.window),
    finish: async (summary) => {
      if (options.format === "hotspots")
        return endHotspots(liveHotspots(profile), summary, { min: options.min, kind: "live " });
      const notes = [...describeReading(summary), ...describeProfile(profile, options.window)];
      const selection = select(profile, options);
      const all = [...notes, ...describeSelection(selection)];
      return { output: await format(selection, options, all), notes: all };
    },
  };
}

async function format(
  selection: Selection,
  { format, template = "", write }: ReportOptions,
  notes: readonly string[],
): Promise<string | Uint8Array> {
  try {
    if (format === "pprof") return await encodePprof(selection);
    if (format === "speedscope") return formatSpeedscope(selection);
    if (format === "html") return renderPage(pageData(selection, notes), template);
    for (const line of collapse(selection)) write(line);
    return "";
  } catch (error) {
    // A string or an array that is too long for the engine.
    if (!(error instanceof RangeError)) throw error;
    const what = `${selection.stacks.length} backtraces are too many for ${format}`;
    throw new MonitorError("LIMIT_REACHED", `${what}; --min leaves out small ones`, {
      cause: error,
    });
  }
}

/** Hotspots of the blocks that are alive, in the order of their allocation. */
function liveHotspots({ info, codes, tree, liveBlocks }: Profile): Hotspots {
  const hotspots = new Hotspots();
  if (info && codes) hotspots.begin(info, codes);
  liveBlocks.forEach(({ node, samples }) => {
    const frames = tree.frames(node);
    hotspots.allocate({ samples, frames, frameCount: frames.length });
  });
  return hotspots;
}
