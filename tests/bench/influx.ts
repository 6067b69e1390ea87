/**
 * One report of three tags and five fields as line protocol bytes, against InfluxData's `Point`.
 * A thousand series report in a batch: set the fields, encode everything, get bytes; the time is
 * divided by the series. Points are new each time, as their users make them.
 */
import assert from "node:assert/strict";
import { Point } from "@influxdata/influxdb-client";
import { createMonitor, type Source } from "../../host/index.js";
import { alternate } from "./measure.js";
import { INFLUX_CLIENT, type Result, type Row } from "./row.js";

const SERIES_COUNT = 1000;
const MEASUREMENT = "tcp";
const REGION = "eu-west-1";
const KIND = "v4";

/** The values of a report: three integers, a short decimal, a boolean. */
function valuesOf(index: number, round: number) {
  return {
    accepted: round + index,
    closed: round,
    timers: index % 7,
    load: (round % 1000) / 8,
    up: (round & 1) === 0,
  };
}

/** The five handles of one series. */
function openHandles(source: Source, index: number) {
  const series = source.series({ host: `web-${index}`, kind: KIND, region: REGION });
  return {
    accepted: series.counter("accepted"),
    closed: series.gauge("closed"),
    timers: series.gauge("timers"),
    load: series.gauge("load"),
    up: series.gauge("up"),
  };
}

async function openMonitor() {
  const monitor = await createMonitor({ defaultSources: false });
  const source = monitor.source({
    name: MEASUREMENT,
    tags: ["host", "kind", "region"],
    fields: [
      { key: "accepted", type: "counter" },
      { key: "closed", type: "gauge" },
      { key: "timers", type: "gauge" },
      { key: "load", type: "f64" },
      { key: "up", type: "bool" },
    ],
  });
  const handles = Array.from({ length: SERIES_COUNT }, (_, index) => openHandles(source, index));
  return { monitor, handles };
}

function peerLines(round: number): Buffer {
  const lines: string[] = [];
  const now = new Date();
  for (let index = 0; index < SERIES_COUNT; index++) {
    const { accepted, closed, timers, load, up } = valuesOf(index, round);
    const point = new Point(MEASUREMENT)
      .tag("host", `web-${index}`)
      .tag("kind", KIND)
      .tag("region", REGION)
      .intField("accepted", accepted)
      .intField("closed", closed)
      .intField("timers", timers)
      .floatField("load", load)
      .booleanField("up", up)
      .timestamp(now);
    lines.push(point.toLineProtocol() ?? "");
  }
  return Buffer.from(lines.join("\n"));
}

/** A line's measurement, tags and fields in one order, without its time. */
function contentOf(line: string): string {
  const [, key = "", fields = ""] = /^(\S+) (\S+) \d+$/.exec(line) ?? [];
  const values = fields.replaceAll(/=T(?=,|$)/g, "=true").replaceAll(/=F(?=,|$)/g, "=false");
  return `${key} ${values.split(",").sort().join(",")}`;
}

async function report(): Promise<Result> {
  const { monitor, handles } = await openMonitor();
  const oursLines = (round: number) => {
    for (let index = 0; index < SERIES_COUNT; index++) {
      const { accepted, closed, timers, load, up } = valuesOf(index, round);
      const handle = handles[index];
      if (handle === undefined) continue;
      handle.accepted.report(accepted);
      handle.closed.set(closed);
      handle.timers.set(timers);
      handle.load.set(load);
      handle.up.set(up ? 1 : 0);
    }
    return monitor.influx();
  };
  const all = new TextDecoder().decode(oursLines(7)).split("\n");
  const ours = all.filter((line) => line.startsWith(`${MEASUREMENT},`));
  const peer = peerLines(7).toString().split("\n");
  assert.deepEqual(ours.map(contentOf).sort(), peer.map(contentOf).sort());

  let byteCount = 0;
  const { oursNs, peerNs } = await alternate(
    (count) => {
      for (let round = 0; round < count; round++) byteCount += oursLines(round).length;
    },
    (count) => {
      for (let round = 0; round < count; round++) byteCount += peerLines(round).length;
    },
  );
  assert.ok(byteCount > 0);
  await monitor.close();
  return { ours: oursNs / SERIES_COUNT, peer: peerNs / SERIES_COUNT };
}

export const INFLUX_ROWS: readonly Row[] = [
  { name: "influx_report_3tags_5fields", peer: INFLUX_CLIENT, ratioMin: 30, run: report },
];
