/**
 * One report of three tags and five fields as line protocol bytes, against InfluxData's `Point`.
 * A thousand series report in a batch: set the fields, encode everything, get bytes; the time is
 * divided by the series. Points are new each time, as their users make them.
 */
import assert from "node:assert/strict";
import { Point } from "@influxdata/influxdb-client";
import { createMonitor } from "../../host/index.js";
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

async function openSource() {
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
  const series = Array.from({ length: SERIES_COUNT }, (_, index) =>
    source.series({ host: `web-${index}`, kind: KIND, region: REGION }),
  );
  return { monitor, series };
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
