/**
 * `wmon trace`: its options. What it does loads when it is called.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { Address } from "../address.js";
import { leave } from "./exit.js";
import { sourceOption } from "./options.js";

/** Options of `wmon trace` as commander hands them over. */
export interface TraceCommandOptions {
  readonly from: Address;
  readonly output: string;
  readonly seconds?: number;
  readonly metrics?: string;
}

const HELP = `
Examples:
  wmon trace --seconds 10                      ten seconds of the program under wmon run
  wmon trace --from tcp:127.0.0.1:4000 -o t.ctf
  wmon trace -o - | wmon report - --format hotspots

Ctrl-C ends the trace in good order; a second one at once. Exit code: 0; 1 when no trace came,
as while another client has one; 2 when nothing listens.
`;

/** Declares `wmon trace`. */
export function addTraceCommand(program: Command): void {
  const seconds = new Option("--seconds <count>", "end the trace after that time");
  program
    .command("trace")
    .description("Record a memory trace of a running program.")
    .addOption(sourceOption())
    .option("-o, --output <file>", "where the trace goes; - for standard output", "trace.ctf")
    .addOption(seconds.argParser(parseSeconds))
    .option(
      "--metrics <url>",
      "where the program's metrics are, to show drops; by default port 9090 of the same machine",
    )
    .addHelpText("after", HELP)
    .action(async (options: TraceCommandOptions) => {
      const { record } = await import("./recording.js");
      await leave(() => record(options));
    });
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds > 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Write a number of seconds, at most a day: 10, 0.5.");
}
