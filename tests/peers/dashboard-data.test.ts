/**
 * Every query of every panel, with values for its variables as Grafana puts them in, asked of a
 * real Prometheus and a real InfluxDB that have what a real guest showed: each returns data, under
 * the labels that its legend names.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { skipWithout } from "../guests/guest.js";
import { ask, formatQuery } from "./answer.js";
import { DEVICES, openDevices } from "./devices-guest.js";
import {
  asked,
  DASHBOARDS,
  type Dashboard,
  influxqlChoice,
  type PanelQuery,
  promqlChoice,
  queriesOf,
  readDashboard,
  substitute,
} from "./grafana.js";
import { type Influxdb, openInfluxdb } from "./influxdb.js";
import { waitUntil } from "./peer.js";
import { missing } from "./program.js";
import { openPrometheus, type Prometheus } from "./prometheus.js";

const DATA_MS_MAX = 45_000;

/** What Grafana's data source is told that scrapes come in, and so the least step of a graph. */
const STEP_S = 15;
const SHOWN_S = 300;

/** What a guest that is well shows none of: its queries return zeros. */
const ZERO = /traps|dropped|rejected|syn.rcvd/;

/** One curve: its labels, and those of its numbers that are numbers. */
interface Curve {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

type Values = Readonly<Record<string, string>>;

/** A store as Grafana's data source asks it. */
interface Source {
  /** The values that a variable's query offers; none if there are none yet. */
  offers(query: string): Promise<string[]>;
  /** What is put in for one of them. */
  choose(value: string): string;
  ask(query: PanelQuery, values: Values): Promise<Curve[]>;
}

test("dashboards: every query returns what a guest showed", {
  skip: missing("prometheus", "influxd") || skipWithout(DEVICES),
  timeout: 120_000,
}, async (t) => {
  const influxdb = await openInfluxdb();
  t.after(() => influxdb.close());
  const push = `http://127.0.0.1:${influxdb.port}/write?db=${influxdb.database}`;
  const guest = await openDevices(t, [
    "--push",
    push,
    "--interval",
    "500ms",
    "--hostname",
    "vm (1)",
  ]);
  const prometheus = await openPrometheus({ targets: [guest.instance] });
  t.after(() => prometheus.close());

  for (const file of readdirSync(DASHBOARDS)) {
    await t.test(file, async () => {
      const dashboard = readDashboard(file);
      const source = file.includes("influxql")
        ? influxqlSource(influxdb)
        : promqlSource(prometheus);
      let lacking: readonly string[] = [];
      const isComplete = async () => {
        await guest.ask();
        lacking = await lackingOf(dashboard, source);
        return lacking.length === 0;
      };
      await waitUntil(isComplete, () => lacking.join("\n"), DATA_MS_MAX);
    });
  }
});

/** What is wrong with the answers to a dashboard's queries, with all values, and each chosen. */
async function lackingOf(dashboard: Dashboard, source: Source): Promise<string[]> {
  const all = Object.fromEntries(asked(dashboard).map(({ name }) => [name, ".*"]));
  const chosen: Record<string, string> = {};
  const lacking: string[] = [];
  for (const { name, query } of asked(dashboard)) {
    const offers = (await source.offers(substitute(query, all))).map(source.choose);
    if (offers.length === 0) lacking.push(`$${name} has no values: ${query}`);
    chosen[name] = offers.length === 1 ? (offers[0] ?? "") : `(${offers.join("|")})`;
  }
  if (lacking.length > 0) return lacking;
  for (const query of queriesOf(dashboard)) {
    for (const values of [all, chosen]) {
      const complaint = complaintAbout(query, await source.ask(query, values));
      if (complaint !== undefined) lacking.push(`${query.place}: ${complaint}`);
    }
  }
  return lacking;
}

function complaintAbout(query: PanelQuery, curves: readonly Curve[]): string | undefined {
  const values = curves.flatMap((curve) => curve.values);
  if (values.length === 0) return `no data: ${query.text}`;
  if (!ZERO.test(query.text) && values.every((value) => value === 0)) return `zero: ${query.text}`;
  const labels = [...query.legend.matchAll(/\{\{(\w+)\}\}|\$tag_(\w+)/g)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
  const absent = labels.filter((label) => curves.some((curve) => !curve.labels[label]));
  return absent.length === 0 ? undefined : `a curve without ${absent}: ${query.text}`;
}

function promqlSource(prometheus: Prometheus): Source {
  const get = async <Data>(path: string): Promise<Data> => {
    const { text } = await ask(prometheus.port, path);
    const body = JSON.parse(text) as { status: string; error?: string; data: Data };
    assert.equal(body.status, "success", `${body.error}: ${path}`);
    return body.data;
  };
  return {
    offers: (query) => {
      const [, expression, label] = /^label_values\((.*), (\w+)\)$/.exec(query) ?? [];
      assert(expression !== undefined && label !== undefined, query);
      return get(`/api/v1/label/${label}/values${formatQuery({ "match[]": expression })}`);
    },
    choose: promqlChoice,
    ask: async ({ text, isInstant }, values) => {
      const times = { __rate_interval: `${4 * STEP_S}s`, __range: `${SHOWN_S}s` };
      const query = substitute(text, { ...times, ...values });
      const end = Date.now() / 1000;
      const range = { start: `${end - SHOWN_S}`, end: `${end}`, step: `${STEP_S}` };
      const path = isInstant
        ? `/api/v1/query${formatQuery({ query })}`
        : `/api/v1/query_range${formatQuery({ query, ...range })}`;
      return (await get<{ result: Result[] }>(path)).result.map(readResult);
    },
  };
}

/** A series of Prometheus, of an instant or of a range. */
interface Result {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

function readResult({ metric, value, values = value ? [value] : [] }: Result): Curve {
  const numbers = values.map(([, text]) => Number(text));
  return { labels: metric, values: numbers.filter(Number.isFinite) };
}

function influxqlSource(influxdb: Influxdb): Source {
  return {
    offers: async (query) =>
      (await influxdb.query(query)).flatMap(({ values }) => values.map((row) => String(row[1]))),
    choose: influxqlChoice,
    ask: async ({ text }, values) => {
      const until = Date.now();
      const timeFilter = `time >= ${until - SHOWN_S * 1000}ms and time <= ${until}ms`;
      const query = substitute(text, { timeFilter, __interval: "1s", ...values });
      return (await influxdb.query(query)).map(({ tags, columns, values: rows }) => ({
        labels: tags ?? {},
        values: rows.flatMap((row) =>
          row.filter((cell, at) => cell !== null && columns[at] !== "time").map(numberOf),
        ),
      }));
    },
  };
}

/** A table of names is data too. */
function numberOf(cell: unknown): number {
  return typeof cell === "string" ? 1 : Number(cell);
}
