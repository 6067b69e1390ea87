/**
 * What runs an image: the guest's program with the monitor around it, or the monitor alone, as
 * Telegraf's `execd` runs it.
 */
import { ascii } from "../bytes/ascii";
import { endLine, hasLine, isAsked, pollControl, replyTo, takeLines } from "./control";
import { readFile } from "./file";
import { push, pushTo, refresh } from "./gather";
import { _start } from "./guest";
import { begin, finish, open } from "./lifecycle";
import { Outlet } from "./outlet";

const STDOUT: i32 = 1;
const STDERR: i32 = 2;
const CHUNK_BYTES: u32 = 4096;

const chunk: usize = memory.data(4096, 16);
const stdout: Outlet = changetype<Outlet>(memory.data(32, 8));

/** Runs the guest. */
export function start(): void {
  open();
  pollControl();
  begin();
  _start();
  finish();
}

/** Answers lines of standard input until it ends: an empty one by a gather, others as commands. */
export function serve(): void {
  replyTo(STDERR, ascii("stdin"));
  stdout.isSet = true;
  stdout.fd = STDOUT;
  while (true) {
    const count = readFile(0, chunk, CHUNK_BYTES);
    if (count <= 0) break;
    for (let at = chunk, end = chunk + count; at < end; ) {
      at = takeLines(at, end);
      if (isAsked) answer();
    }
  }
  // A last command may have no end of line.
  if (hasLine()) endLine();
}

function answer(): void {
  refresh();
  pushTo(push.isSet ? push : stdout);
}
