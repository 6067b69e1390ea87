/**
 * The one error class of the library, with stable codes.
 */
import { Status } from "../assembly/abi.js";

export type MonitorErrorCode =
  | "ADDRESS_INVALID"
  | "ADDRESS_IN_USE"
  | "LISTEN_FAILED"
  | "REMOTE_REFUSED"
  | "OPTION_INVALID"
  | "CLOSED"
  | "MALFORMED"
  | "NAME_INVALID"
  | "NAME_TAKEN"
  | "TAG_INVALID"
  | "FIELD_INVALID"
  | "PARAMETER_INVALID"
  | "LIMIT_REACHED"
  | "OUT_OF_MEMORY"
  | "NO_SUCH_THING"
  | "VALUE_INVALID"
  | "COMMAND_FAILED"
  | "GUEST_INVALID"
  | "TRACE_BUSY";

/** Everything this library throws on purpose. `code` is stable; `message` is for people. */
export class MonitorError extends Error {
  override readonly name = "MonitorError";

  constructor(
    readonly code: MonitorErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Turns a registration's result into its address, or throws what `subject` did wrong. */
export function check(result: number, subject: string): number {
  if (result >= 0) return result;
  const [code, text] = REFUSALS[result] ?? (["NO_SUCH_THING", `status ${result}`] as const);
  throw new MonitorError(code, `${subject}: ${text}`);
}

const REFUSALS: Readonly<Record<number, readonly [MonitorErrorCode, string]>> = {
  [Status.Malformed]: ["MALFORMED", "the definition does not decode, or is over 64 KiB"],
  [Status.NameInvalid]: [
    "NAME_INVALID",
    "not a valid name: 1 to 255 bytes without comma or newline; " +
      "a metric family takes [a-zA-Z_:][a-zA-Z0-9_:]*",
  ],
  [Status.NameTaken]: [
    "NAME_TAKEN",
    "a source, or a Prometheus metric name that it would expose, is registered already",
  ],
  [Status.TagInvalid]: [
    "TAG_INVALID",
    "a tag key is empty, repeated or reserved (le, quantile, __…), or a value over 1 KiB; " +
      "a metric family's labels take [a-zA-Z_][a-zA-Z0-9_]*",
  ],
  [Status.FieldInvalid]: [
    "FIELD_INVALID",
    "a field's key is empty or repeated, or its type unknown",
  ],
  [Status.ParameterInvalid]: [
    "PARAMETER_INVALID",
    "histogram bounds must be finite and ascend; quantiles must lie in [0, 1]",
  ],
  [Status.LimitReached]: ["LIMIT_REACHED", "too many: 32 tags, 250 fields, 10,000 sources"],
  [Status.OutOfMemory]: ["OUT_OF_MEMORY", "the monitor's memory cannot grow"],
  [Status.NoSuchThing]: ["NO_SUCH_THING", "no such source, series or handle, or not of this kind"],
};
