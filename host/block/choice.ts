/**
 * What a user asks for with `--block NAME=FILE[,readonly][,raw][,compact]`. Options are taken from
 * the end of FILE while they are known, so that a path may have commas.
 */
import { MonitorError } from "../errors.js";

/** A device of a run. Crosses to the guest's thread, so it is plain data. */
export interface BlockChoice {
  /** What the guest acquires it by, and the label `id` of its metrics. */
  readonly name: string;
  /** The image, as the user wrote it. */
  readonly path: string;
  readonly isReadonly: boolean;
  /** The bytes of the file are the device's, whatever they look like. */
  readonly isRaw: boolean;
  /** A qcow2 image gives back what discards free while the guest runs. */
  readonly isCompacting: boolean;
}

/** Devices of one run. */
export const DEVICES_MAX = 64;

/** Solo5's limit is 67 letters and digits; ours may have `.`, `_` and `-` inside. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,66}$/;
const OPTION = /,(readonly|raw|compact)$/;

/** Reads one option's text. Throws `OPTION_INVALID`. */
export function parseBlock(text: string): BlockChoice {
  const equalsAt = text.indexOf("=");
  const name = text.slice(0, Math.max(equalsAt, 0));
  const { path, options } = splitOptions(text.slice(equalsAt + 1));
  if (equalsAt < 1 || path === "") refuse("Write NAME=FILE or NAME=FILE,readonly.");
  if (!NAME.test(name)) {
    refuse("NAME takes 1 to 67 letters, digits, . _ and -, and begins with a letter or digit.");
  }
  if (options.has("compact") && (options.has("readonly") || options.has("raw"))) {
    refuse("compact is for qcow2 images that are written, not with readonly or raw.");
  }
  return {
    name,
    path,
    isReadonly: options.has("readonly"),
    isRaw: options.has("raw"),
    isCompacting: options.has("compact"),
  };
}

/** Adds a device to those of a run. Throws `OPTION_INVALID` for a name that is taken. */
export function addBlock(
  choice: BlockChoice,
  previous: readonly BlockChoice[],
): readonly BlockChoice[] {
  if (previous.some(({ name }) => name === choice.name)) {
    refuse(`There is a device ${choice.name} already.`);
  }
  if (previous.length >= DEVICES_MAX) refuse(`A guest has at most ${DEVICES_MAX} devices.`);
  return [...previous, choice];
}

/** Does what may fail for a device; throws `OPTION_INVALID` saying which device it was. */
export function naming<T>(choice: BlockChoice, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof Error) refuseChoice(choice, error.message, error);
    throw error;
  }
}

/** Throws `OPTION_INVALID`: which device, which file, and what is wrong with it. */
export function refuseChoice({ name, path }: BlockChoice, reason: string, cause?: Error): never {
  const subject = reason.startsWith(path) ? "" : `${path}: `;
  throw new MonitorError("OPTION_INVALID", `--block ${name}: ${subject}${reason}`, { cause });
}

function splitOptions(text: string): { path: string; options: Set<string> } {
  const options = new Set<string>();
  let path = text;
  for (let found = OPTION.exec(path); found; found = OPTION.exec(path)) {
    options.add(found[1] ?? "");
    path = path.slice(0, found.index);
  }
  return { path, options };
}

function refuse(message: string): never {
  throw new MonitorError("OPTION_INVALID", message);
}
