/**
 * Debian's Chromium without a window, driven through playwright-core, its profile empty.
 *
 * Each page notes what a page of ours must never have: messages of errors, and requests.
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { needProgram } from "./program.js";

/** Chromium runs as root in CI, has no graphics card there, and is to call nobody. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page, and what it did that nobody asked for. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, and exceptions that nothing caught. */
  readonly complaints: readonly string[];
  /** Addresses of all requests, the page itself and `data:` left out. */
  readonly requests: readonly string[];
}

/** Starts the browser; throws where this machine has none. To be closed by the caller. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: needProgram("chromium"), args: ARGUMENTS });
}

/**
 * Opens an address, `file:` too, in a profile of its own, and waits for its `load` event.
 *
 * @param options are playwright's; the network is off unless they say otherwise, 127.0.0.1 included
 */
export async function openPage(
  browser: Browser,
  address: URL,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("request", (request) => {
    const url = request.url();
    if (url !== address.href && !url.startsWith("data:")) requests.push(url);
  });
  await page.goto(address.href);
  return { page, complaints, requests };
}
