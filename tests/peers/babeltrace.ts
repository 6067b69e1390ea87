/**
 * Memory traces as babeltrace2 reads them, which knows CTF and nothing of memory traces, by the
 * description in `memtrace.tsdl`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../guests/guest.js";
import { needProgram } from "./program.js";

const DESCRIPTION = `${ROOT}tests/peers/memtrace.tsdl`;
const OUTPUT_BYTES_MAX = 1 << 29;

/** `[time] name: { packet }, { payload }`; short allocations carry their words in the name. */
const LINE = /^\[(\d+)\] (\w+?)(\d*): \{ (.*?) \}, \{ (.*) \}$/;

export type CtfEventKind = "info" | "location" | "allocation" | "promote" | "collect";

/** One event; times are microseconds since 1970. */
export interface CtfEvent {
  readonly kind: CtfEventKind;
  readonly timeUs: number;
  /** The allocation's number, counted from 0; undefined for what is none of an allocation. */
  readonly id?: number;
  /** 0 unless an allocation. */
  readonly words: number;
  /** 0 unless an allocation. */
  readonly samples: number;
  /** Slots shared with the previous backtrace. */
  readonly commonPrefix: number;
  /** 0 minor, 1 major, 2 external. */
  readonly source: number;
  /** The payload as babeltrace2 prints it. */
  readonly payload: string;
}

/** Reads a whole trace; throws if babeltrace2 complains of anything. */
export function readByBabeltrace(trace: string | Uint8Array): CtfEvent[] {
  const folder = mkdtempSync(join(tmpdir(), "wmon-babeltrace-"));
  try {
    const file = join(folder, "trace.ctf");
    if (typeof trace === "string") copyFileSync(trace, file);
    else writeFileSync(file, trace);
    copyFileSync(DESCRIPTION, join(folder, "metadata"));
    return parseEvents(print(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(folder: string): string {
  const { status, stdout, stderr, error } = spawnSync(
    needProgram("babeltrace2"),
    ["--clock-cycles", "--no-delta", folder],
    { encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX },
  );
  if (error) throw error;
  if (status !== 0 || stderr !== "") throw new Error(`babeltrace2, exit code ${status}: ${stderr}`);
  return stdout;
}

/** Numbers the allocations in their order, as a reader has to. */
function parseEvents(text: string): CtfEvent[] {
  let nextId = 0;
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const event = parseEvent(line, nextId);
      if (event.kind === "allocation") nextId++;
      return event;
    });
}

function parseEvent(line: string, nextId: number): CtfEvent {
  const [, time, kind, digits = "", , payload = ""] = LINE.exec(line) ?? [];
  if (time === undefined) throw new Error(`not an event: ${line}`);
  const isShort = digits !== "";
  const common = { kind: kind as CtfEventKind, timeUs: Number(time), payload };
  const none = { words: 0, samples: 0, commonPrefix: 0, source: 0 };
  if (kind === "collect" || kind === "promote") {
    return { ...common, ...none, id: nextId - 1 - parseVint(payload, "back") };
  }
  if (kind !== "allocation") return { ...common, ...none };
  return {
    ...common,
    id: nextId,
    words: isShort ? Number(digits) : parseVint(payload, "words"),
    samples: isShort ? 1 : parseVint(payload, "samples"),
    commonPrefix: parseVint(payload, "common_prefix"),
    source: isShort ? 0 : Number(/\bsource = (\d)/.exec(payload)?.[1]),
  };
}

/** A `vint`: its first byte, or what follows it. */
function parseVint(payload: string, name: string): number {
  const number = `container = (\\d+) \\), rest = \\{ (?:(-?\\d+)|\\{ \\}) \\} \\}`;
  const [, itself, rest] =
    new RegExp(`\\b${name} = \\{ first = \\( .*? : ${number}`).exec(payload) ?? [];
  if (itself === undefined) throw new Error(`no ${name} in: ${payload}`);
  return Number(rest ?? itself);
}
