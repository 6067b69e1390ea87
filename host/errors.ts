/**
 * The one error class of the library, with stable codes.
 */
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

/** Throws `OPTION_INVALID`. */
export function optionInvalid(message: string, cause?: unknown): never {
  throw new MonitorError("OPTION_INVALID", message, { cause });
}

/** Turns a registration's result into its address, or throws what `subject` did wrong. */
export function check(result: number, subject: string): number {
  if (result >= 0) return result;
  const [code, text] = REFUSALS[-1 - result] as (typeof REFUSALS)[number];
  throw new MonitorError(code, `${subject}: ${text}`);
}

/** In the order of `Status`, from `Malformed` on. */
const REFUSALS: readonly (readonly [MonitorErrorCode, string])[] = [
  ["MALFORMED", "the definition does not decode, or is over 64 KiB"],
  [
    "NAME_INVALID",
    "a name has 1 to 255 bytes without comma or newline; a family's is [a-zA-Z_:][a-zA-Z0-9_:]*",
  ],
  ["NAME_TAKEN", "the name, or a Prometheus name that it would expose, is taken"],
  [
    "TAG_INVALID",
    "a tag key is empty, repeated or reserved (le, quantile, __*); " +
      "a family's are [a-zA-Z_][a-zA-Z0-9_]*",
  ],
  ["FIELD_INVALID", "a field's key is empty or repeated"],
  ["PARAMETER_INVALID", "bounds must be finite and ascend, quantiles lie in [0, 1]"],
  ["LIMIT_REACHED", "at most 32 tags, 250 fields, 10,000 sources"],
  ["OUT_OF_MEMORY", "the monitor's memory cannot grow"],
  ["NO_SUCH_THING", "no such source, series or handle, or not of this kind"],
];
