/**
 * What goes into the page: figures that add up, names that do no harm, sizes that end.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  formatBytes,
  formatDuration,
  formatPlace,
  formatShare,
} from "../../host/report/page/client/format.js";
import { composeContent, type PageContent } from "../../host/report/page/content.js";
import type { PageData, PagePoint } from "../../host/report/page/data.js";
import { Heap } from "../../host/report/page/heap.js";
import { renderPage } from "../../host/report/page/page.js";
import { thinSeries } from "../../host/report/page/series.js";
import { cleanText } from "../../host/report/page/text.js";
import { DEPTH_MAX, NODES_MAX } from "../../host/report/page/tree.js";
import { EMPTY_DATA, hostileData, hugeData, ordinaryData, pageData } from "../peers/page-data.js";
import { Random, SEED } from "../wasm/random.js";

const TEMPLATE = '<pre>$& </pre><script type="application/json">"@content@"</script>';

/** The content as the page's script reads it. */
function contentOf(page: string): PageContent {
  const json = page.slice(page.indexOf("json") + 6, page.lastIndexOf("</script>"));
  return JSON.parse(json) as PageContent;
}

describe("page", () => {
  test("names cannot end the element that the data are in, and arrive", () => {
    const page = renderPage(hostileData(), TEMPLATE);
    assert.equal(page.match(/[<]/g)?.length, 4, "the template's own");
    const { name } = contentOf(page).functions;
    assert.ok(name.includes("</script><script>document.title = 'owned'</script>"));
    assert.ok(name.includes("<!--<script>"));
    assert.ok(name.includes("__proto__"));
  });

  test("a template without a place for data is refused", () => {
    assert.throws(() => renderPage(EMPTY_DATA, "<html>"), /no place for data/);
  });

  test("an empty trace has figures of zero", () => {
    const { total, tree, functions } = composeContent(EMPTY_DATA);
    assert.deepEqual(total, { allocated: 0, live: 0 });
    assert.deepEqual(tree.depth, []);
    assert.deepEqual(functions.name, []);
  });
});

describe("functions", () => {
  const main = ["main", "a.c", 1] as const;
  const twice = ["twice", "a.c", 5] as const;

  test("a recursive function counts a stack once", () => {
    const data = pageData([{ frames: [main, twice, twice, twice], allocated: 7, live: 2 }]);
    assert.deepEqual(figuresOf(data, "twice"), [7, 7, 2, 2]);
    assert.deepEqual(figuresOf(data, "main"), [0, 7, 0, 2]);
  });

  test("equal stacks are added up", () => {
    const stack = { frames: [main, twice], allocated: 7, live: 2 };
    const data = pageData([stack, stack]);
    assert.deepEqual(figuresOf(data, "twice"), [14, 14, 4, 4]);
    assert.deepEqual(composeContent(data).tree.allocated, [14, 14]);
  });

  test("a name in another file is another function, on another line it is not", () => {
    const elsewhere = ["twice", "b.c", 5] as const;
    const below = ["twice", "a.c", 6] as const;
    const stacks = [twice, below, elsewhere].map((frame) => ({ frames: [frame] }));
    const data = pageData(stacks.map((stack) => ({ ...stack, allocated: 1, live: 0 })));
    assert.deepEqual(composeContent(data).tree.allocated, [2, 1]);
  });

  test("a frame stands at the line with most of its samples, and counts the others", () => {
    const at = (line: number, allocated: number) => ({
      frames: [["main", "a.c", line] as const, twice],
      allocated,
      live: 0,
    });
    const { tree } = composeContent(pageData([at(10, 3), at(11, 5), at(12, 4)]));
    assert.deepEqual(
      [tree.line, tree.lineCount],
      [
        [11, 5],
        [3, 1],
      ],
    );
  });
});

/** Self and total of what was allocated, self and total of what is live. */
function figuresOf(data: PageData, wanted: string): (number | undefined)[] {
  const { functions } = composeContent(data);
  const index = functions.name.indexOf(wanted);
  const { allocatedSelf, allocatedTotal, liveSelf, liveTotal } = functions;
  return [allocatedSelf, allocatedTotal, liveSelf, liveTotal].map((column) => column[index]);
}

describe("flame graph", () => {
  for (const [title, make] of [
    ["an ordinary trace", ordinaryData],
    ["many stacks", () => hugeData(20_000, 30, 500)],
    ["deep stacks", () => hugeData(60, 1_000, 500)],
    ["stacks deeper than it draws", () => hugeData(2, DEPTH_MAX + 3, 3)],
  ] as const) {
    test(`${title}: what frames have themselves and what is left out add up to all`, () => {
      const { tree, total, pruned } = composeContent(make());
      assert.equal(sum(tree.allocatedSelf) + pruned.samples.allocated, total.allocated);
      assert.equal(sum(tree.liveSelf) + pruned.samples.live, total.live);
      assert.ok(tree.depth.length <= NODES_MAX);
      assert.ok(Math.max(...tree.depth) <= DEPTH_MAX);
    });
  }

  test("what is left out is no larger than what is drawn", () => {
    const { tree, total, pruned } = composeContent(hugeData(20_000, 30, 500));
    assert.ok(pruned.branchCount > 0 && pruned.share > 0);
    const smaller = tree.allocated.filter(
      (allocated, index) =>
        allocated < pruned.share * total.allocated &&
        (tree.live[index] ?? 0) < pruned.share * total.live,
    );
    assert.deepEqual(smaller, []);
  });

  test("stacks deeper than it draws are counted", () => {
    const { pruned } = composeContent(hugeData(2, DEPTH_MAX + 3, 3));
    assert.ok(pruned.deepCount > 0);
    assert.equal(pruned.branchCount, 0);
  });

  test("a small trace is drawn whole", () => {
    const { tree, pruned } = composeContent(ordinaryData());
    assert.equal(tree.depth.length, 16);
    assert.equal(pruned.branchCount + pruned.deepCount + pruned.share, 0);
  });

  test("no caller has less than what it calls", () => {
    const { tree } = composeContent(hugeData(5_000, 30, 500));
    const path: number[] = [];
    for (const [index, depth] of tree.depth.entries()) {
      assert.ok(depth >= 1 && depth <= path.length + 1);
      path.length = depth - 1;
      const allocated = tree.allocated[index] ?? 0;
      assert.ok(allocated <= (path.at(-1) ?? Number.POSITIVE_INFINITY));
      path.push(allocated);
    }
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

test(`heap: gives the heaviest first (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let round = 0; round < 200; round++) {
    const weights = Array.from({ length: random.below(40) }, () => random.below(30));
    const heap = new Heap<number>((weight) => weight);
    for (const weight of weights) heap.push(weight);
    const popped = weights.map(() => heap.pop());
    assert.deepEqual(
      popped,
      weights.sort((one, other) => other - one),
    );
    assert.equal(heap.pop(), undefined);
    assert.equal(heap.rest.length, 0);
  }
});

describe("series", () => {
  test("a short one stays as it is", () => {
    const points = Array.from({ length: 100 }, (_, index) => ({ seconds: index, samples: index }));
    assert.deepEqual(
      thinSeries(points).samples,
      points.map(({ samples }) => samples),
    );
  });

  test(`a long one keeps its ends and its extremes, in order (seed ${SEED})`, () => {
    const random = new Random(SEED);
    const points: PagePoint[] = Array.from({ length: 100_000 }, (_, index) => ({
      seconds: index / 10,
      samples: 1_000 + random.below(1_000),
    }));
    points[54_321] = { seconds: 5_432.1, samples: 9_999 };
    points[77_777] = { seconds: 7_777.7, samples: 1 };
    const { seconds, samples } = thinSeries(points);
    assert.ok(seconds.length <= 4_002);
    assert.deepEqual([seconds[0], seconds.at(-1)], [0, 9_999.9]);
    assert.equal(samples[seconds.indexOf(5_432.1)], 9_999);
    assert.equal(samples[seconds.indexOf(7_777.7)], 1);
    assert.deepEqual(
      seconds,
      [...seconds].sort((one, other) => one - other),
    );
  });

  test("points at one time, and none at all, are no trouble", () => {
    const points = Array.from({ length: 9_000 }, (_, index) => ({ seconds: 5, samples: index }));
    assert.deepEqual(thinSeries(points).samples, [0, 8_999]);
    assert.deepEqual(thinSeries([]), { seconds: [], samples: [] });
  });
});

const TEXTS: readonly (readonly [rule: string, text: string, shown: string])[] = [
  ["ordinary text stays", "std::vector<int>::push_back", "std::vector<int>::push_back"],
  ["other scripts stay", "שלום 日本 🦀", "שלום 日本 🦀"],
  ["a control is named", "a\u0000b\u001b", "a⟨U+0000⟩b⟨U+001B⟩"],
  ["what turns the direction is named", "\u202eabc\u2066", "⟨U+202E⟩abc⟨U+2066⟩"],
  ["what cannot be seen is named", "a\u200bb\ufeff", "a⟨U+200B⟩b⟨U+FEFF⟩"],
  ["half a character is named", "\ud800a", "⟨U+D800⟩a"],
  ["a new line is named", "a\nb\u2028c", "a⟨U+000A⟩b⟨U+2028⟩c"],
  [
    "a long text loses its middle",
    "a".repeat(40) + "b".repeat(40),
    `${"a".repeat(24)}…${"b".repeat(24)}`,
  ],
];

for (const [rule, text, shown] of TEXTS) {
  test(`text: ${rule}`, () => assert.equal(cleanText(text, 50), shown));
}

const NUMBERS: readonly (readonly [shown: string, expected: string])[] = [
  [formatBytes(0), "0 B"],
  [formatBytes(1_023.4), "1023 B"],
  [formatBytes(1_023.6), "1.00 KiB"],
  [formatBytes(10_239), "10.0 KiB"],
  [formatBytes(102_399), "100 KiB"],
  [formatBytes(1_048_575), "1.00 MiB"],
  [formatBytes(5 * 2 ** 40), "5.00 TiB"],
  [formatShare(0, 0), "0 %"],
  [formatShare(1, 1e6), "< 0.01 %"],
  [formatShare(1, 200), "0.50 %"],
  [formatShare(1, 3), "33.3 %"],
  [formatShare(1, 1), "100 %"],
  [formatDuration(0), "0 s"],
  [formatDuration(0.000_25), "250 µs"],
  [formatDuration(0.25), "250 ms"],
  [formatDuration(1.234), "1.23 s"],
  [formatDuration(60), "1 min"],
  [formatDuration(303), "5 min 3 s"],
  [formatDuration(7_500), "2 h 5 min"],
  [formatPlace("a.c", 3), "a.c:3"],
  [formatPlace("a.c", 0), "a.c"],
  [formatPlace("", 3), "file unknown"],
];

for (const [shown, expected] of NUMBERS) {
  test(`format: ${expected}`, () => assert.equal(shown.replaceAll("\u00a0", " "), expected));
}
