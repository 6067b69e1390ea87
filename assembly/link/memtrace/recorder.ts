/**
 * What the hooks of the guest's allocators call, as host/memtrace/recorder.ts does for hosts:
 * counts the samples of a block, takes its backtrace, remembers it until it is freed. Called in the
 * middle of the guest's call; addresses are the guest's.
 */
import { armCountdown, countSamples, startSampler } from "../../memtrace/sampler";
import { nowNs } from "../clock";
import { COUNTDOWN_OFF, countDown, countdown, probeAt, UNKNOWN_ADDRESS } from "./hooks";
import { liveCount, makeRoom, put, take } from "./live";
import { FRAMES_MAX, readStack } from "./stack";
import { CUT, count, tell, UNTRACKED } from "./totals";
import { beginTrace, flushDue, isTracing, nowUs, writeAllocation, writeCollect } from "./trace";
import { unwatch, watch } from "./watch";

/** The first countdown while the shadow stack still waits for its memory; 0 once it is there. */
let first: i32 = 0;

/** Traces from the guest's first allocation on, each word with a probability of `rate`. */
export function beginRecording(rate: f64, host: usize, hostBytes: u32): void {
  beginTrace(rate, host, hostBytes);
  // log1p by Kahan's way: exact where 1 - rate is not.
  const rest = 1 - rate;
  const logMiss = rest == 1 ? -rate : (Math.log(rest) * -rate) / (rest - 1);
  first = startSampler(rate, 1 / logMiss, nowNs());
}

/** A block was allocated, at 0 if it was not, and the countdown has ended. */
export function allocated(address: u32, byteCount: u32): void {
  if (!isTracing) return stopCounting();
  const words = <i32>((byteCount >>> 2) + <u32>((byteCount & 3) != 0));
  if (first) {
    // The countdown was 0, so that the first allocation of all made the shadow stack's memory.
    countDown(first - words);
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
  flushDue(us);
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
  flushDue(us);
  if (isTracing) writeCollect(us, id);
  tell(isTracing, liveCount);
}

/** Lets the guest be until it has allocated 4 GiB. */
function stopCounting(): void {
  probeAt(0);
  countDown(COUNTDOWN_OFF);
}
