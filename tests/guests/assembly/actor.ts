/**
 * A WASI program that needs no C or Rust compiler to build and does as it is told, as
 * `../c/actor.c`: print TEXT..., exit CODE, trap, spin, sleep MS, allocate BYTES; and count N that
 * increments `actor_counted_total` N times. Exit code 2 when it does not understand.
 */

import { Counter } from "../../../assembly/guest";
import { fail, monotonicNs, parseArguments, print, sleep } from "../../../examples/census/system";
import { proc_exit } from "../../../examples/census/wasi_snapshot_preview1";

const words = parseArguments();
act(words.length > 0 ? words[0] : "", words.length > 1 ? words[1] : "");

function act(verb: string, operand: string): void {
  if (verb === "print") for (let i = 1; i < words.length; i++) print(words[i]);
  else if (verb === "exit") proc_exit(U32.parseInt(operand));
  else if (verb === "trap") unreachable();
  else if (verb === "spin") spin();
  else if (verb === "sleep") nap(U32.parseInt(operand));
  else if (verb === "allocate") allocate(U32.parseInt(operand));
  else if (verb === "count") count(U32.parseInt(operand));
  else fail(2, `no such command: ${verb}`);
}

function spin(): void {
  while (monotonicNs() > 0);
}

function nap(pauseMs: u32): void {
  sleep(pauseMs);
  print("awake");
}

function allocate(byteCount: u32): void {
  const block = new ArrayBuffer(byteCount);
  print(`allocated ${block.byteLength} bytes`);
}

function count(times: u32): void {
  const counted = new Counter("actor_counted_total", "Increments.");
  for (let i: u32 = 0; i < times; i++) counted.inc();
}
