/**
 * `wmon ctl`: one command from the command line, or many from a prompt or a pipe.
 */
import { createInterface, type Interface } from "node:readline";
import { complete, listedNames, listingFor } from "./completion.js";
import { isFailure, request, type Target } from "./request.js";
import { put, say } from "./stderr.js";

/** Replies with an error. */
const EXIT_FAILED = 1;
/** No reply at all. */
const EXIT_UNREACHABLE = 2;

/** Sends one command and prints the reply; resolves with the exit code. */
export async function sendOnce(target: Target, command: string): Promise<number> {
  try {
    const reply = await request(target, command);
    put(1, `${reply}\n`);
    return isFailure(reply) ? EXIT_FAILED : 0;
  } catch (error) {
    say((error as Error).message);
    return EXIT_UNREACHABLE;
  }
}

/**
 * Reads commands line by line from standard input, with a prompt and completion on a terminal.
 * Resolves with the exit code: on a terminal 0, otherwise that of the worst command.
 */
export async function prompt(target: Target): Promise<number> {
  const isTerminal = process.stdin.isTTY === true;
  if (isTerminal) {
    const greeting = await sendOnce(target, "l");
    if (greeting === EXIT_UNREACHABLE) return greeting;
    put(1, "? for help, tab completes, ctrl-d leaves\n");
  }
  const lines = openLines(target, isTerminal);
  let worst = 0;
  lines.prompt();
  for await (const line of lines) {
    const command = line.trim();
    if (["quit", "exit", "q"].includes(command)) break;
    if (command !== "") worst = Math.max(worst, await sendOnce(target, expand(command)));
    lines.prompt();
  }
  lines.close();
  if (isTerminal) put(1, "\n");
  return isTerminal ? 0 : worst;
}

function openLines(target: Target, isTerminal: boolean): Interface {
  const completer = (line: string, done: (error: null, result: [string[], string]) => void) => {
    findNames(target, line).then((names) => done(null, complete(line, names)));
  };
  if (!isTerminal) return createInterface({ input: process.stdin, prompt: "" });
  const { stdin, stdout } = process;
  return createInterface({ input: stdin, output: stdout, prompt: "wmon> ", completer });
}

/** Asked at each completion: sources come and go. Nothing when the port does not answer. */
async function findNames(target: Target, line: string): Promise<string[]> {
  return request(target, listingFor(line)).then(listedNames, () => []);
}

function expand(command: string): string {
  return command === "help" ? "?" : command;
}
