/**
 * `/metrics` on a listener of our own.
 */
import type { Address } from "../address.js";
import { listenFailure } from "../control/binding.js";
import { MonitorError } from "../errors.js";
import type { Platform } from "../platform.js";
import { Scraper, type ScraperOptions, type ScrapeStats } from "./scraper.js";

export interface ScrapeOptions extends Omit<ScraperOptions, "gzip"> {
  readonly platform: Pick<Platform, "serveHttp" | "gzip">;
  readonly address: Address;
}

export interface ScrapeServer {
  /** Where it really listens. */
  readonly address: Address;
  readonly stats: Readonly<ScrapeStats>;
  /** Closes every connection; resolves when the port is free. */
  close(): Promise<void>;
  /** Lets the process exit although the server listens. */
  unref(): void;
}

/** Opens the scrape server. Throws `OPTION_INVALID`, `ADDRESS_IN_USE` or `LISTEN_FAILED`. */
export async function openScrape(options: ScrapeOptions): Promise<ScrapeServer> {
  const { platform, address } = options;
  if (platform.serveHttp === undefined) {
    throw new MonitorError("OPTION_INVALID", "prometheus: this runtime cannot serve HTTP");
  }
  const scraper = new Scraper({ ...options, gzip: platform.gzip });
  try {
    const listener = await platform.serveHttp(address, (request) => scraper.answer(request));
    scraper.droppedCount = () => listener.droppedCount ?? 0;
    return {
      address: listener.address,
      stats: scraper.stats,
      close: () => listener.close(),
      unref: () => listener.unref(),
    };
  } catch (cause) {
    throw listenFailure("prometheus", address, cause);
  }
}
