#!/usr/bin/env node
/**
 * The command line. Reads arguments and decides the exit code: 2 for what is wrong with the command
 * line or before a guest starts.
 */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import type { Address } from "../address.js";
import { EXIT_USAGE, leave } from "./exit.js";
import { CTL_HELP, HELP, RUN_HELP } from "./help.js";
import { addInstrumentCommand } from "./instrument.js";
import { addLinkCommand } from "./link.js";
import { addRunOptions, type RunOptions, TOKEN_VARIABLE, targetOption } from "./options.js";
import { packageFile } from "./package.js";
import { addQcowCommand } from "./qcow.js";
import { addReportCommand } from "./report.js";
import { put } from "./stderr.js";
import { addTraceCommand } from "./trace.js";

const { version } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as {
  version: string;
};

const program = new Command("wmon")
  .description(
    "Runs WebAssembly programs under watch, controls them, and shows where they allocate.",
  )
  .version(version, "-V, --version")
  .addHelpText("after", HELP)
  .configureOutput({
    writeOut: (text) => put(1, text),
    writeErr: (text) => put(2, text),
    outputError: (text, write) => write(text.replace(/^error: /, "wmon: ")),
  })
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_USAGE));

addRunCommand();
addCtlCommand();
addTraceCommand(program);
addReportCommand(program);
addInstrumentCommand(program);
addLinkCommand(program);
addQcowCommand(program);

program
  .command("encode-trace", { hidden: true })
  .description("Write the trace of an event script: standard input to standard output.")
  .action(async () => {
    const { encodeTrace } = await import("./encode-trace.js");
    await leave(encodeTrace);
  });

await program.parseAsync();

function addRunCommand(): void {
  const command = program
    .command("run")
    .usage("[options] <guest.wasm> [-- args...]")
    .description("Run a WASI program under watch.")
    .argument("<guest.wasm>", "a WASI preview1 command")
    .argument("[args...]", "arguments of the guest, after --");
  addRunOptions(command)
    .addHelpText("after", RUN_HELP)
    .action(async (file: string, args: string[], options: RunOptions) => {
      const { run } = await import("./run.js");
      await leave(() => run({ file, args, options }));
    });
}

interface CtlOptions {
  readonly to: Address;
  readonly token?: string;
}

function addCtlCommand(): void {
  program
    .command("ctl")
    .description("Send a command to a running program, or open a prompt.")
    .argument("[command...]", "such as 'L*:debug'; without one: a prompt, or lines from a pipe")
    .addOption(targetOption())
    .option("--token <token>", `sent first; by default from ${TOKEN_VARIABLE}`)
    .addHelpText("after", CTL_HELP)
    .action(async (words: string[], { to, token }: CtlOptions) => {
      const [{ nodePlatform }, { prompt, sendOnce }] = await Promise.all([
        import("../platforms/node.js"),
        import("./ctl.js"),
      ]);
      const target = {
        platform: nodePlatform,
        address: to,
        token: token ?? process.env[TOKEN_VARIABLE],
      };
      await leave(() => (words.length > 0 ? sendOnce(target, words.join(" ")) : prompt(target)));
    });
}
