/**
 * The options of `wmon report`, read into values. What is wrong with one is said before a trace is
 * opened.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { FORMATS, type ReportFormat } from "../report/format.js";
import { parseThreshold, type Threshold } from "../report/threshold.js";
import { parseDurationMs } from "./duration.js";
import { leave } from "./exit.js";

/** Options of `wmon report` as commander hands them over. */
export interface ReportCommandOptions {
  readonly format: ReportFormat;
  readonly output?: string;
  /** Milliseconds since the trace's start. */
  readonly since?: number;
  readonly until?: number;
  readonly min?: Threshold;
  readonly live?: boolean;
}

const REPORT_HELP = `
Examples:
  wmon report t.ctf                                         what allocates most
  wmon report t.ctf --format html -o report.html            a page to look at
  wmon report t.ctf --format html --live -o leaks.html      what is still there at the end
  wmon report t.ctf --format pprof -o t.pb.gz && go tool pprof -http=: t.pb.gz
  wmon report t.ctf --format collapsed --min 1% | flamegraph.pl > t.svg
  wmon report t.ctf --format speedscope --since 10s --until 1m -o t.speedscope.json
  nc 127.0.0.1 4242 | wmon report -                         until the guest ends

Formats:
  hotspots    the functions that allocate most, as memtrace's own tool prints them
  collapsed   a line a backtrace with its bytes, for flamegraph.pl, inferno, speedscope
  pprof       alloc_space, alloc_objects, inuse_space, inuse_objects, compressed
  speedscope  JSON with two profiles: allocated, and live at the end
  html        one page without further files: flame graphs, functions, live bytes over time
  dump        a line an event, as memtrace's own tool prints it

Reads traces of wmon and of OCaml's memtrace, versions 1 to 3, and such traces packed by gzip.
Of a damaged trace everything before the damage is shown, and where and why it ends is said on
standard error.

Exit code: 0; 2 when there is nothing to show: no such file, no trace, a wrong option.
`;

/** Adds the command. */
export function addReportCommand(program: Command): void {
  const format = new Option("-f, --format <format>", "form of the report");
  const since = new Option(
    "--since <time>",
    "leave out what was before: 10s, 1.5m after the start",
  );
  const until = new Option(
    "--until <time>",
    "leave out what was from then on; ends --live as well",
  );
  const min = new Option("--min <amount>", "leave out backtraces with less: 1% or 64KiB");
  program
    .command("report")
    .usage("[options] <trace>")
    .description("Say what a memory trace has in it.")
    .argument("<trace>", "a file, or - for standard input")
    .addOption(format.choices([...FORMATS]).default("hotspots"))
    .option("-o, --output <file>", "write the report there instead of to standard output")
    .addOption(since.argParser(parseMoment))
    .addOption(until.argParser(parseMoment))
    .addOption(min.argParser(parseMin))
    .option("--live", "count only blocks that are alive at the end")
    .addHelpText("after", REPORT_HELP)
    .action(async (path: string, options: ReportCommandOptions) => {
      const { report } = await import("./reporting.js");
      await leave(() => report(path, options));
    });
}

/** A duration; that of nothing is one as well. */
function parseMoment(text: string): number {
  if (/^0(ms|s|m|h)?$/.test(text)) return 0;
  const durationMs = parseDurationMs(text);
  if (durationMs === undefined)
    throw new InvalidArgumentError("wanted is a time since the trace's start: 500ms, 10s, 1.5m.");
  return durationMs;
}

function parseMin(text: string): Threshold {
  const threshold = parseThreshold(text);
  if (!threshold)
    throw new InvalidArgumentError("wanted is a share, 1%, or bytes: 4096, 64KiB, 1.5MB.");
  return threshold;
}
