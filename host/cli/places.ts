/**
 * Where the listeners of a run go: a default port in use is given up with a warning, an address
 * that was asked for is left for the monitor to open or to refuse.
 */
import { formatAddress } from "../address.js";
import type { Platform } from "../platform.js";
import type { Place } from "./options.js";

export interface PlaceOptions {
  readonly platform: Pick<Platform, "listen">;
  readonly warn: (text: string) => void;
  /** Takes any free port where the default one is in use, instead of none. */
  readonly isFlexible?: boolean;
}

/** The address to listen on, as text; undefined for none. */
export async function choosePlace(
  name: string,
  place: Place,
  options: PlaceOptions,
): Promise<string | undefined> {
  if (place.kind === "off") return undefined;
  const text = formatAddress(place.address);
  if (place.kind === "explicit") return text;
  const reason = await whyNot(place, options.platform);
  if (reason === undefined) return text;
  if (options.isFlexible) return "tcp:127.0.0.1:0";
  options.warn(
    `${name} port ${text} ${reason}; running without it (choose another with --${name}, or off)`,
  );
  return undefined;
}

/**
 * Tries to listen. Who takes the port between this and the real opening gets an error, not a
 * warning.
 */
async function whyNot(
  place: Exclude<Place, { kind: "off" }>,
  platform: Pick<Platform, "listen">,
): Promise<string | undefined> {
  try {
    const listener = await platform.listen?.(place.address, (connection) => {
      connection.destroy();
      return {};
    });
    await listener?.close();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "EADDRINUSE" ? "is in use" : `cannot be opened: ${message}`;
  }
}
