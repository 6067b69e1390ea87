/**
 * The page of a report in Chromium: what a user does with it, and that it reaches for nothing.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { packageFile } from "../../host/cli/package.js";
import type { PageData } from "../../host/report/page/data.js";
import { PAGE_TEMPLATE, renderPage } from "../../host/report/page/page.js";
import { NODES_MAX } from "../../host/report/page/tree.js";
import { openChromium, openPage } from "./chromium.js";
import {
  EMPTY_DATA,
  HOSTILE_NAMES,
  hostileData,
  hugeData,
  ordinaryData,
  pageData,
} from "./page-data.js";
import { missing } from "./program.js";

const PHONE: BrowserContextOptions = { viewport: { width: 320, height: 640 }, hasTouch: true };

describe("page of a report", { skip: missing("chromium") }, () => {
  const folder = mkdtempSync(join(tmpdir(), "report-page-"));
  const template = readFileSync(packageFile(PAGE_TEMPLATE), "utf8");
  let browser: Browser;
  let count = 0;

  before(async () => {
    browser = await openChromium();
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  /** Opens a page, and when the test ends asserts that it complained of and asked for nothing. */
  async function open(t: TestContext, data: PageData, options: BrowserContextOptions = {}) {
    const path = join(folder, `${count++}.html`);
    writeFileSync(path, renderPage(data, template));
    const { page, complaints, requests } = await openPage(browser, pathToFileURL(path), options);
    t.after(async () => {
      await page.context().close();
      assert.deepEqual(complaints, []);
      assert.deepEqual(requests, []);
    });
    return page;
  }

  test("says what the trace is", async (t) => {
    const page = await open(t, {
      ...ordinaryData(),
      facts: { ...ordinaryData().facts, notes: ["3 events were dropped."] },
    });
    assert.equal(await page.title(), "Memory trace of shop.wasm");
    const text = await textOf(page, "body");
    for (const expected of [
      "Allocated 499 MiB ± 1.7 % · 13,082 samples",
      "Live at the end 65.1 MiB",
      "3 events were dropped.",
      "Process id 4711",
      "hooked malloc, calloc, realloc, free",
      "0.0001: a word in 10,000, at random",
      "Nothing: it has every frame.",
    ]) {
      assert.ok(text.includes(expected), `${expected} in ${text}`);
    }
    assert.equal(await page.locator("#plot canvas").count(), 1);
  });

  test("its own policy lets it reach nothing", async (t) => {
    const path = join(folder, "policy.html");
    writeFileSync(path, renderPage(ordinaryData(), template));
    const watched = await openPage(browser, pathToFileURL(path), { offline: false });
    t.after(() => watched.page.context().close());
    const blocked = await watched.page.evaluate(async () => {
      const violations: string[] = [];
      addEventListener("securitypolicyviolation", (event) => {
        violations.push(event.effectiveDirective);
      });
      await fetch("http://127.0.0.1:9/").catch(() => undefined);
      const script = document.createElement("script");
      script.textContent = "document.title = 'owned'";
      document.body.append(script);
      await new Promise((resolve) => setTimeout(resolve));
      return [...violations, document.title];
    });
    assert.deepEqual(blocked, ["connect-src", "script-src-elem", "Memory trace of shop.wasm"]);
    assert.ok(watched.complaints.every((text) => text.includes("Content Security Policy")));
    assert.deepEqual(watched.requests, []);
  });

  test("the flame graph and the table switch between allocated and live bytes", async (t) => {
    const page = await open(t, ordinaryData());
    assert.equal(await textOf(page, "#state"), "All: 499 MiB (100 %) allocated.");
    assert.equal(await firstFunction(page), "json::Parser::read_string");
    const allocated = await widthOf(page, "orders::Book::insert");
    await page.getByRole("radio", { name: "Live at the end" }).check();
    assert.equal(await textOf(page, "#state"), "All: 65.1 MiB (100 %) live at the end.");
    assert.equal(await firstFunction(page), "std::vector<orders::Order>::reserve");
    const live = await widthOf(page, "orders::Book::insert");
    assert.ok(live > 4 * allocated, `${live} px for 91 %, ${allocated} px for 16 %`);
    await page.getByRole("radio", { name: "Allocated" }).check();
    assert.equal(await widthOf(page, "orders::Book::insert"), allocated);
  });

  test("all freed: says so instead of an empty graph", async (t) => {
    const frames = [["main", "a.c", 1]] as const;
    const page = await open(t, pageData([{ frames, allocated: 5, live: 0 }]));
    await page.getByRole("radio", { name: "Live at the end" }).check();
    assert.ok(await page.locator("#nothing-live").isVisible());
    assert.equal(await page.locator("#flame").isVisible(), false);
    await page.getByRole("radio", { name: "Allocated" }).check();
    assert.ok(await page.locator("#flame").isVisible());
    assert.equal(await page.locator("#nothing-live").isVisible(), false);
  });

  test("search marks frames and filters functions, by name or file, in any case", async (t) => {
    const page = await open(t, ordinaryData());
    const fillsBefore = await fillsOf(page);
    await page.getByRole("searchbox").fill("JSON/");
    await page.locator("#found").waitFor();
    const found = await textOf(page, "#found-text");
    assert.equal(found, "“JSON/”: 8 frames, 367 MiB (73.5 %) allocated");
    assert.equal(await page.locator("#functions-body tr").count(), 3);
    const fills = await fillsOf(page);
    assert.ok(fills.json === fillsBefore.json && fills.orders !== fillsBefore.orders);
    await page.getByRole("button", { name: "Clear" }).click();
    assert.deepEqual(await fillsOf(page), fillsBefore);
    assert.equal(await page.locator("#functions-body tr").count(), 11);
    await page.getByRole("searchbox").fill("(?[");
    await page.locator("#found").waitFor();
    assert.equal(await textOf(page, "#found-text"), "“(?[”: no frame, 0 B (0 %) allocated");
  });

  test("a click on a hot function marks its frames; another ends it", async (t) => {
    const page = await open(t, ordinaryData());
    const before = await fillsOf(page);
    const button = page.getByRole("button", { name: "orders::Book::insert" });
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "true");
    const found = await textOf(page, "#found-text");
    assert.equal(found, "orders::Book::insert: 1 frame, 81.6 MiB (16.4 %) allocated");
    const marked = await fillsOf(page);
    assert.ok(marked.orders === before.orders && marked.json !== before.json);
    await page.getByRole("radio", { name: "Live at the end" }).check();
    assert.equal(
      await textOf(page, "#found-text"),
      "orders::Book::insert: 1 frame, 59.1 MiB (90.8 %) live at the end",
    );
    await button.click();
    assert.equal(await button.getAttribute("aria-pressed"), "false");
    assert.equal(await page.locator("#found").isVisible(), false);
  });

  test("a click zooms into a frame, and a button shows all again", async (t) => {
    const page = await open(t, ordinaryData());
    const width = await widthOf(page, "orders::Book::insert");
    await frameOf(page, "orders::Book::insert").click();
    await waitForWidth(page, "orders::Book::insert", await widthOf(page, "all"));
    assert.match(await textOf(page, "#state"), /^orders::Book::insert, .*book.cpp:77: 81.6 MiB/);
    await page.getByRole("button", { name: "Reset zoom" }).click();
    await waitForWidth(page, "orders::Book::insert", width);
  });

  test("keys walk the flame graph, zoom and show all", async (t) => {
    const page = await open(t, ordinaryData());
    await page.locator("#flame").focus();
    const width = await widthOf(page, "serve");
    const walk: readonly (readonly [key: string, state: RegExp])[] = [
      ["ArrowDown", /^main,/],
      ["ArrowDown", /^serve, src\/server.c:118 and 1 more line:/],
      ["ArrowDown", /^json::Parser::read_value,/],
      ["ArrowRight", /^orders::Book::insert,/],
      ["ArrowRight", /^log_request,/],
      ["ArrowLeft", /^orders::Book::insert,/],
      ["ArrowUp", /^serve,/],
    ];
    for (const [key, state] of walk) {
      await page.keyboard.press(key);
      assert.match(await textOf(page, "#state"), state, key);
    }
    await page.keyboard.press("Enter");
    await waitForWidth(page, "serve", await widthOf(page, "all"));
    await page.keyboard.press("Escape");
    await waitForWidth(page, "serve", width);
  });

  test("a frame under the pointer says what and where it is, and how much", async (t) => {
    const page = await open(t, ordinaryData());
    await frameOf(page, "orders::Book::insert").hover();
    assert.equal(
      await textOf(page, "#tip"),
      "orders::Book::insert src/orders/book.cpp:77 Bytes allocated 81.6 MiB (16.4 %), ± 4.3 % " +
        "Of that itself 24.4 MiB (4.9 %) Samples 2,140",
    );
    await page.mouse.move(2, 2);
    assert.equal(await page.locator("#tip").isVisible(), false);
  });

  test("the table sorts by each column, both ways", async (t) => {
    const page = await open(t, ordinaryData());
    const rows: readonly (readonly [column: string, first: string])[] = [
      ["allocated-self", "json::Parser::read_string"],
      ["allocated-total", "main"],
      ["live-self", "std::vector<orders::Order>::reserve"],
      ["live-total", "main"],
    ];
    for (const [column, first] of rows) {
      const button = page.locator(`#sort-${column}`);
      const header = page.locator(`th:has(#sort-${column})`);
      if ((await header.getAttribute("aria-sort")) !== "descending") await button.click();
      assert.equal(await header.getAttribute("aria-sort"), "descending");
      assert.equal(await firstFunction(page), first);
      await button.click();
      assert.equal(await header.getAttribute("aria-sort"), "ascending");
      assert.notEqual(await firstFunction(page), first);
    }
    await page.getByRole("button", { name: "Function", exact: true }).click();
    assert.equal(await firstFunction(page), "format_time");
  });

  test("the pointer over the plot reads live bytes at that time", async (t) => {
    const page = await open(t, ordinaryData());
    await page.locator("#plot .u-over").hover({ position: { x: 600, y: 50 } });
    assert.match(await textOf(page, "#plot .u-legend"), /^At ?[\d.]+ s ?Live ?[\d.]+ MiB$/);
    assert.match(
      (await page.locator("#plot").getAttribute("aria-label")) ?? "",
      /^Live bytes over time: at most 89.7.MiB, at 1.min 35.s; 65.1.MiB at the end$/,
    );
  });

  test("follows the window's width and the system's theme while it is open", async (t) => {
    const page = await open(t, ordinaryData(), { colorScheme: "light" });
    const [width, { json }] = [await widthOf(page, "all"), await fillsOf(page)];
    await page.setViewportSize({ width: 700, height: 600 });
    await waitForWidth(
      page,
      "all",
      await page.locator("#flame").evaluate((box) => box.clientWidth),
    );
    assert.ok((await widthOf(page, "all")) < width);
    await page.emulateMedia({ colorScheme: "dark" });
    const read = frameOf(page, "json::Parser::read_value").locator(`rect:not([fill="${json}"])`);
    await read.waitFor({ state: "attached" });
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`${colorScheme}: names are readable on every frame`, async (t) => {
      const page = await open(t, hugeData(2_000, 20, 300), { colorScheme });
      const contrasts = await page.locator("g.frame").evaluateAll(measureContrasts);
      const least = Math.min(...contrasts);
      assert.ok(contrasts.length > 100 && least >= 4.5, `contrast ${least}, 4.5 is readable`);
    });
  }

  for (const [what, make] of [
    ["an ordinary trace", ordinaryData],
    ["hostile names", hostileData],
    ["an empty trace", () => EMPTY_DATA],
  ] as const) {
    test(`${what}: fits a small phone`, async (t) => {
      const page = await open(t, make(), PHONE);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    });
  }

  test("hostile names are shown and do nothing", async (t) => {
    const page = await open(t, hostileData());
    assert.ok((await page.title()).startsWith("Memory trace of </script>"));
    const names = await page.locator("#functions-body button").allInnerTexts();
    assert.equal(names.length, HOSTILE_NAMES.length + 1);
    for (const name of HOSTILE_NAMES.slice(0, 4)) assert.ok(names.includes(name), name);
    assert.ok(names.includes("⟨U+202E⟩gnp.exe⟨U+202C⟩ drowssap"));
    assert.ok(names.every((name) => name.length < 600));
    for (const name of ["__proto__", "constructor", "(no name)"]) {
      await page.getByRole("button", { name, exact: true }).click();
      assert.ok((await textOf(page, "#found-text")).startsWith(`${name}: 1 frame`));
    }
  });

  test("an empty trace says what that means", async (t) => {
    const page = await open(t, EMPTY_DATA);
    assert.match(await textOf(page, "#empty"), /Nothing was sampled.*--sampling-rate 1/);
    assert.equal(await page.locator("#flame").isVisible(), false);
    assert.equal(await page.locator("#functions-table").isVisible(), false);
    assert.match(await textOf(page, "#facts"), /A sample stands for 39.1 KiB/);
  });

  for (const [what, make] of [
    ["100,000 stacks", () => hugeData(100_000, 40, 3_000)],
    ["stacks of 1,000 frames", () => hugeData(300, 1_000, 3_000)],
  ] as const) {
    test(`${what}: opens, can be used, and says what is left out`, async (t) => {
      const page = await open(t, make());
      const drawn = await page.locator("g.frame").count();
      assert.ok(drawn > 500 && drawn <= NODES_MAX + 1, `${drawn} frames`);
      assert.match(
        await textOf(page, "#pruned"),
        /^Left out: [\d,]+ branches with at most [\d.]+ %/,
      );
      await page.locator("g.frame").nth(3).click();
      await page.getByRole("searchbox").fill("function_7");
      await page.locator("#found").waitFor();
      assert.match(await textOf(page, "#found-text"), /^“function_7”: [\d,]+ frames, /);
    });
  }
});

function frameOf(page: Page, name: string) {
  return page.locator(`g.frame[name="${name}"]`).first();
}

async function textOf(page: Page, selector: string): Promise<string> {
  const text = await page.locator(selector).innerText();
  return text.replace(/\s+/g, " ").trim();
}

function firstFunction(page: Page): Promise<string> {
  return page.locator("#functions-body button").first().innerText();
}

/** In pixels, when nothing moves any more. */
async function widthOf(page: Page, name: string): Promise<number> {
  let width = -1;
  for (;;) {
    const now = await frameOf(page, name).locator("rect").evaluate(measureWidth);
    if (now === width && now > 0) return Math.round(now);
    width = now;
    await page.waitForTimeout(300);
  }
}

async function waitForWidth(page: Page, name: string, width: number): Promise<void> {
  await page.waitForFunction(
    ([frame, expected]) => {
      const rect = document.querySelector(`g.frame[name="${frame}"] rect`);
      return Math.round(rect?.getBoundingClientRect().width ?? 0) === expected;
    },
    [name, width] as const,
  );
}

function measureWidth(rect: Element): number {
  return rect.getBoundingClientRect().width;
}

/** The colours of a frame of each kind. */
async function fillsOf(page: Page): Promise<Readonly<Record<"json" | "orders", string | null>>> {
  const fill = (name: string) => frameOf(page, name).locator("rect").getAttribute("fill");
  return {
    json: await fill("json::Parser::read_value"),
    orders: await fill("orders::Book::insert"),
  };
}

/** Runs in the page: the contrast of each frame's text on its colour, as WCAG 2.2 defines it. */
function measureContrasts(frames: readonly Element[]): number[] {
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  return frames.map((frame) => {
    const [label, rect] = [frame.querySelector("div"), frame.querySelector("rect")];
    if (label === null || rect === null) return 0;
    const text = luminance(getComputedStyle(label).color);
    const ground = luminance(getComputedStyle(rect).fill);
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  });
}
