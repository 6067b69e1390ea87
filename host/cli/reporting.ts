/**
 * What `wmon report` does: reads a trace, writes the report, and says on standard error what is
 * missing from it.
 */
import { readFile } from "node:fs/promises";
import { MonitorError } from "../errors.js";
import { PAGE_TEMPLATE } from "../report/page/page.js";
import { openReport } from "../report/report.js";
import { EVERYTHING, type Window } from "../report/window.js";
import { Output } from "./output.js";
import { packageFile } from "./package.js";
import type { ReportCommandOptions } from "./report.js";
import { say } from "./stderr.js";
import { readTrace } from "./trace-file.js";

const US_PER_MS = 1000;

/** Reports on the trace at `path`; resolves with the exit code. */
export async function report(path: string, options: ReportCommandOptions): Promise<number> {
  const output = new Output(options.output);
  try {
    output.forbid(path);
    await write(path, options, output);
  } catch (error) {
    // Whoever read the output has seen enough.
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  return 0;
}

async function write(path: string, options: ReportCommandOptions, output: Output): Promise<void> {
  const { format, min, live = false } = options;
  if (format === "pprof" && output.isTerminal)
    throw new MonitorError("OPTION_INVALID", "pprof is no text: name a file with -o, or redirect");
  const template =
    format === "html" ? await readFile(packageFile(PAGE_TEMPLATE), "utf8") : undefined;
  const window = windowOf(options);
  const making = openReport({
    format,
    window,
    isLive: live,
    min,
    template,
    write: (text) => output.write(text),
  });
  const ending = await making.finish(await readTrace(path, making.visitor));
  output.end(ending.output);
  for (const note of ending.notes) say(note);
}

function windowOf({ since, until }: ReportCommandOptions): Window {
  return {
    sinceUs: since === undefined ? EVERYTHING.sinceUs : since * US_PER_MS,
    untilUs: until === undefined ? EVERYTHING.untilUs : until * US_PER_MS,
  };
}
