/**
 * The functions that stand between the guest and WASI: each tells the monitor before and behind the
 * call, and answers itself for descriptors that are the monitor's.
 */
import {
  allParams,
  call,
  code,
  constant,
  functionBody,
  getLocal,
  OP,
  setLocal,
  when,
} from "../instrument/assembler.js";
import { Errno, TRANSFERS } from "../wasi/preview1.js";

/** Functions of the image that wrappers call. */
export interface Watch {
  readonly beginCall: number;
  readonly endCall: number;
  readonly finish: number;
}

export interface WrappedCall {
  readonly name: string;
  /** Its place in the monitor's list of calls. */
  readonly index: number;
  readonly paramCount: number;
  /** The function of the image's that it wraps. */
  readonly target: number;
}

/** No descriptor. */
const NONE = -1;

/** The body of a wrapper, without its size. */
export function wrapCall(wrapped: WrappedCall, watch: Watch): number[] {
  const { name, index, paramCount, target } = wrapped;
  const pass = code(allParams(paramCount), call(target));
  const fd = fdParam(name);
  const begin = code(
    constant(index),
    fd === undefined ? constant(NONE) : getLocal(fd),
    call(watch.beginCall),
  );
  if (name === "proc_exit") {
    return functionBody(0, begin, OP.drop, call(watch.finish), pass);
  }
  const result = paramCount;
  const transfer = TRANSFERS[name];
  const end = code(
    constant(index),
    getLocal(result),
    constant(transfer === undefined ? 0 : transfer.direction === "read" ? 1 : 2),
    transfer === undefined ? constant(0) : getLocal(transfer.countArgument),
    call(watch.endCall),
  );
  const refuse = when(constant(Errno.BadFile), OP.return);
  return functionBody(1, begin, refuse, pass, setLocal(result), end, getLocal(result));
}

/** The parameter that is a descriptor. */
function fdParam(name: string): number | undefined {
  if (name === "path_symlink") return 2;
  return /^(fd|path|sock)_/.test(name) ? 0 : undefined;
}
