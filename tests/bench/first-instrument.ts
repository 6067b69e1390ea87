/**
 * Child program of `memtrace-instrument.ts`: prints the nanoseconds that hooking a module takes.
 */
import { instrument } from "../../host/instrument/instrument.js";
import { readGuest } from "./churn.js";
import { enlarge } from "./large-module.js";

const byteCount = Number(process.argv[2]);
const bytes = enlarge(readGuest("c-allocations"), byteCount);
const begin = process.hrtime.bigint();
const { description } = instrument(bytes);
const ns = Number(process.hrtime.bigint() - begin);
if (description.hooked.length === 0) throw new Error("nothing was hooked");
console.log(ns);
