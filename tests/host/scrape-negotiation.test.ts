/**
 * Which type and encoding a scrape gets, as tables. The headers of Prometheus are copied from
 * what its releases send.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { wantsGzip, wantsOpenMetrics } from "../../host/scrape/negotiation.js";

type Vector = readonly [rule: string, header: string | undefined, expected: boolean];

const OPENMETRICS = "application/openmetrics-text";

const ACCEPT: readonly Vector[] = [
  [
    "Prometheus 2.42 gets OpenMetrics",
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;" +
      "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    true,
  ],
  [
    "Prometheus 2.5 to 2.41 knows OpenMetrics 0.0.1 only: text",
    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    false,
  ],
  [
    "Prometheus 3 gets OpenMetrics",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;" +
      "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    true,
  ],
  ["VictoriaMetrics gets text", "text/plain;version=0.0.4;q=1,*/*;q=0.1", false],
  ["a browser gets text", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false],
  ["no header: text", undefined, false],
  ["an empty header: text", "", false],
  ["anything: text", "*/*", false],
  ["OpenMetrics without version", OPENMETRICS, true],
  ["the version may be quoted", `${OPENMETRICS}; version="1.0.0"`, true],
  ["names and parameters know no case", "Application/OpenMetrics-Text; Version=1.0.0; Q=0.9", true],
  [
    "the same type named twice: the best weight",
    `${OPENMETRICS};q=0.1, ${OPENMETRICS};q=0.9`,
    true,
  ],
  ["a weight of zero means no", `${OPENMETRICS};q=0, */*`, false],
  ["a higher weight for text wins", `${OPENMETRICS};q=0.5, text/plain;q=0.6`, false],
  ["a higher weight for OpenMetrics wins", `text/plain;q=0.5, ${OPENMETRICS};q=0.6`, true],
  ["equal weights: text", `${OPENMETRICS}, text/plain`, false],
  ["equal weights, text by wildcard only: OpenMetrics", `${OPENMETRICS}, */*`, true],
  ["the more specific range counts, not the better", `${OPENMETRICS};q=0.2, */*;q=0.9`, false],
  ["all of application covers OpenMetrics", "application/*", true],
  [
    "another version of text is not our text",
    "text/plain;version=1.0.0, application/*;q=0.1",
    true,
  ],
  ["an unknown version of OpenMetrics", `${OPENMETRICS};version=2.0.0`, false],
  ["neither is accepted: text", "application/json", false],
  ["a weight that is none counts as zero", `${OPENMETRICS};q=2, */*;q=0.1`, false],
  ["a negative weight counts as zero", `${OPENMETRICS};q=-1`, false],
  ["noise: text", ";;,,;q=,=;q=1,/", false],
];

for (const [rule, header, expected] of ACCEPT) {
  test(`accept: ${rule}`, () => assert.equal(wantsOpenMetrics(header), expected));
}

const ENCODING: readonly Vector[] = [
  ["no header: as it is", undefined, false],
  ["empty: as it is", "", false],
  ["gzip", "gzip", true],
  ["what Go's client sends", "gzip", true],
  ["what browsers send", "gzip, deflate, br, zstd", true],
  ["x-gzip is gzip", "x-gzip", true],
  ["no case", "GZIP", true],
  ["a weight", "gzip;q=0.5", true],
  ["a weight of zero means no", "gzip;q=0", false],
  ["a weight of zero with digits means no", "gzip; q=0.000, *", false],
  ["anything", "*", true],
  ["anything but gzip", "*, gzip;q=0", false],
  ["anything of no weight", "*;q=0", false],
  ["identity preferred", "gzip;q=0.5, identity;q=0.8", false],
  ["identity at the same weight: gzip", "gzip, identity", true],
  ["others only", "deflate, br", false],
  ["a name that only begins so", "gzipped", false],
];

for (const [rule, header, expected] of ENCODING) {
  test(`accept-encoding: ${rule}`, () => assert.equal(wantsGzip(header), expected));
}
