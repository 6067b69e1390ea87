/**
 * The dashboards' files: what their source makes, what Grafana's own published types accept, laid
 * out without a hole, every query with the variables that it needs.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { formatDashboards } from "../../examples/grafana/dashboards.js";
import {
  asked,
  DASHBOARDS,
  drawnPanels,
  type Panel,
  queriesOf,
  readDashboard,
  variablesIn,
} from "./grafana.js";
import { complaintsOf } from "./grafana-schema.js";

const GRID_COLUMNS = 24;

/** The ten expressions of ocaml-qcow's dashboard. */
const ORIGINAL = [
  "Mirage_qcow_used",
  "Mirage_qcow_size",
  "rate(Mirage_qcow_reads[5m])",
  "rate(Mirage_qcow_writes[5m])",
  "rate(Mirage_qcow_discards[5m])",
  "rate(Mirage_qcow_erased[5m])",
  "rate(Mirage_qcow_available[5m])",
  "rate(Mirage_qcow_copied[5m])",
  "rate(Mirage_qcow_flushed[5m])",
  "rate(Mirage_qcow_referenced[5m])",
];

/** What a property of ours must not be, so that the schema's check is seen to check. */
const WRONG: readonly (readonly [what: string, from: RegExp, to: string])[] = [
  ["a property that Grafana does not know", /"schemaVersion":/, '"schemaVersoin": 1, $&'],
  ["a property of another type", /"h": 8/, '"h": "8"'],
  ["a word that is none of an option's", /"displayMode": "table"/, '"displayMode": "tabular"'],
  ["a color mode that does not exist", /"mode": "absolute"/, '"mode": "abs"'],
  ["a panel without a type", /"type": "timeseries",/, ""],
  ["a query of another type", /"range": true/, '"range": "yes"'],
];

const files = readdirSync(DASHBOARDS).sort();

test("dashboards: the files are what their source makes", () => {
  const made = formatDashboards();
  assert.deepEqual(files, [...made.keys()].sort());
  for (const [file, text] of made) {
    const isSame = readFileSync(`${DASHBOARDS}/${file}`, "utf8") === text;
    assert(isSame, `${file} differs from its source: npm run dashboards, and review`);
  }
});

test("dashboards: Grafana's schema accepts every property of every file", (t) => {
  assert.deepEqual(complaintsOf(t, files.map(readText)), []);
});

test("dashboards: Grafana's schema refuses what is wrong", (t) => {
  const disk = readText("disk.json");
  const texts = WRONG.map(([, from, to]) => disk.replace(from, to));
  for (const [index, [what]] of WRONG.entries()) assert.notEqual(texts[index], disk, what);
  const complaints = complaintsOf(t, texts);
  for (const [index, [what]] of WRONG.entries()) {
    assert(
      complaints.some((line) => line.startsWith(`check${index}.ts(`)),
      what,
    );
  }
});

for (const file of files) {
  const dashboard = readDashboard(file);
  const panels = drawnPanels(dashboard);

  test(`${file}: panels fill the grid and do not overlap`, () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of dashboard.panels) {
      for (const cell of cellsOf(gridPos)) {
        assert(!taken.has(cell), `${title} overlaps at ${cell}`);
        taken.add(cell);
      }
      assert(gridPos.x + gridPos.w <= GRID_COLUMNS, title);
    }
    const rowCount = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    assert.equal(taken.size, rowCount * GRID_COLUMNS, "a hole");
  });

  test(`${file}: every panel says what it shows, in which unit, under a name of its own`, () => {
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const titles = dashboard.panels.map(({ title, type }) => `${type} ${title}`);
    assert.deepEqual([...new Set(titles)], titles);
    for (const { title, description, fieldConfig, datasource } of panels) {
      assert.match(description ?? "", /^[A-Z].*\.$/, title);
      assert(fieldConfig?.defaults.unit, title);
      assert.equal(datasource?.uid, "$datasource", title);
    }
  });

  test(`${file}: queries use the variables that there are, and all of them`, () => {
    const declared = dashboard.templating.list.map(({ name }) => name);
    const texts = [
      ...queriesOf(dashboard).map(({ text }) => text),
      ...asked(dashboard).map(({ query }) => query),
    ];
    const used = new Set(texts.flatMap(variablesIn));
    const wanted = declared.filter((name) => name !== "datasource" && name !== "filters");
    assert.deepEqual([...used].sort(), wanted.sort());
  });
}

test("Disk: has the ten expressions of the original, letter for letter", () => {
  const texts = queriesOf(readDashboard("disk.json")).map(({ text }) => text);
  assert.deepEqual(
    ORIGINAL.filter((expression) => !texts.includes(expression)),
    [],
  );
});

test("both Unikernel dashboards have the same panels at the same places", () => {
  const outline = (file: string) =>
    readDashboard(file).panels.map(({ type, title, gridPos }) => ({ type, title, gridPos }));
  assert.deepEqual(outline("unikernel-influxql.json"), outline("unikernel-prometheus.json"));
});

function readText(file: string): string {
  return readFileSync(`${DASHBOARDS}/${file}`, "utf8");
}

function cellsOf({ x, y, w, h }: Panel["gridPos"]): string[] {
  return Array.from(
    { length: w * h },
    (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`,
  );
}
