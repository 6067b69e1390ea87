/**
 * What the hooks of the guest's allocators call, as host/memtrace/recorder.ts does for hosts:
 * counts the samples of a block, takes its backtrace, remembers it until it is freed. Called in the
 * middle of the guest's call; addresses are the guest's.
 */
import { expire } from "../../index";
import { armCountdown, countSamples, startSampler } from "../../memtrace/sampler";
import { nowNs } from "../clock";
import { COUNTDOWN_OFF, countDown, countdown, probeAt, UNKNOWN_ADDRESS } from "./hooks";
import { forget, liveCount, makeRoom, put, take } from "./live";
import { FRAMES_MAX, readStack } from "./stack";
import { CUT, count, isSwitchedOn, tell, UNTRACKED } from "./totals";
import {
  beginTrace,
  closeTrace,
  flushDue,
  isTracing,
  nowUs,
  writeAllocation,
  writeCollect,
} from "./trace";
import { unwatch, unwatchAll, watch } from "./watch";

/** Between two looks at the switch, for a guest that does not call WASI meanwhile. */
const LOOK_US: f64 = 100000;

/** Of every trace; 0 if none is asked for. */
let rate: f64 = 0;
/** What the switch was when it was followed last. */
let isOn: bool = false;
let lookedUs: f64 = 0;

/** The first countdown, until the first allocation, which may have to make the shadow stack. */
let first: i32 = 0;

/** Says how traces are made: each word is sampled with a probability of `samplingRate`. */
export function openRecording(samplingRate: f64): void {
  rate = samplingRate;
}

/** Begins a trace, or ends it, if the switch was turned. */
export function followSwitch(): void {
  if ((rate == 0) | (isSwitchedOn() == isOn)) return;
  isOn = !isOn;
  if (isOn) beginRecording();
  else endRecording();
}

function beginRecording(): void {
  beginTrace(rate);
  tell(isTracing, 0);
  if (!isTracing) return;
  // log1p by Kahan's way: exact where 1 - rate is not.
  const rest = 1 - rate;
  const logMiss = rest == 1 ? -rate : (Math.log(rest) * -rate) / (rest - 1);
  first = startSampler(rate, 1 / logMiss, nowNs());
  countDown(0);
}

/** Forgets what was recorded; the guest's next call of `allocated` is its last. */
function endRecording(): void {
  if (isTracing) closeTrace();
  first = 0;
  forget();
  unwatchAll();
  tell(false, 0);
}

/** A block was allocated, at 0 if it was not, and the countdown has ended. */
export function allocated(address: u32, byteCount: u32): void {
  if (!isTracing) return stopCounting();
  const words = <i32>((byteCount >>> 2) + <u32>((byteCount & 3) != 0));
  if (first) {
    countDown(address ? first - words : first);
    first = 0;
    if (countdown > 0) return;
  }
  if (!address) {
    countDown(max(1, countdown + words));
    return;
  }
  const samples = countSamples(<f64>-countdown);
  countDown(armCountdown());
  if (samples > 0) sample(address, <u32>words, samples);
}

/** A block is about to be freed: a watched one, or one that shares a counter with such a block. */
export function freed(address: u32): void {
  if (!isTracing) return stopCounting();
  const id = address ? take(address) : -1;
  if (id < 0) return;
  unwatch(address);
  collect(<f64>id);
}

function sample(address: u32, words: u32, samples: f64): void {
  const us = nowUs();
  look(us);
  if (!isTracing) return;
  const frames = readStack();
  if (frames == FRAMES_MAX) count(CUT, 1);
  const id = writeAllocation(us, words, samples, frames);
  if ((id < 0) | (address == UNKNOWN_ADDRESS)) return;
  if (!makeRoom()) return count(UNTRACKED, 1);
  const previous = put(address, <u32>id);
  // It was freed in a way that we do not see, or it could not be there again.
  if (previous >= 0) collect(<f64>previous);
  else if (!watch(address)) count(UNTRACKED, 1);
  tell(isTracing, liveCount);
}

function collect(id: f64): void {
  const us = nowUs();
  look(us);
  if (isTracing) writeCollect(us, id);
  tell(isTracing, liveCount);
}

/** Flushes, and ends a trace whose time is over. */
function look(us: f64): void {
  flushDue(us);
  if ((us - lookedUs < LOOK_US) & (us >= lookedUs)) return;
  lookedUs = us;
  expire(<u64>us * 1000);
  followSwitch();
}

/** Lets the guest be until it has allocated 4 GiB. */
function stopCounting(): void {
  probeAt(0);
  countDown(COUNTDOWN_OFF);
}
