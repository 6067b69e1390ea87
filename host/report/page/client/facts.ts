/**
 * What is known of the trace as a whole: the figures at the top, the list at the end.
 */
import { element, find } from "./element.js";
import { formatBytes, formatCount, formatDuration, formatNumber, formatTime } from "./format.js";
import type { Report } from "./report.js";
import { sayError, sayPruned, sayRate } from "./sentences.js";

/** Fills title, figures, notes and facts. */
export function showFacts(report: Report): void {
  const { facts } = report.content;
  const executable = facts.executable === "" ? "unnamed program" : facts.executable;
  document.title = `Memory trace of ${executable}`;
  find("executable").textContent = executable;
  find("began").textContent = [
    formatTime(facts.startMs),
    facts.host === "" ? "" : `on ${facts.host}`,
    `process\u00a0${facts.pid}`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
  find("figures").append(...figures(report).flatMap(figure));
  find("notes").append(...facts.notes.map((note) => element("li", {}, note)));
  find("notes").hidden = facts.notes.length === 0;
  for (const [term, text] of listFacts(report)) {
    find("facts").append(element("dt", {}, term), element("dd", {}, text));
  }
}

type Figure = readonly [term: string, value: string, remark: string];

function figures(report: Report): readonly Figure[] {
  const { content } = report;
  const { total, facts } = content;
  const estimate = (samples: number) => {
    const error = facts.samplingRate >= 1 ? "exact" : report.error(samples);
    return [error, formatNumber(samples, "sample")].filter(Boolean).join(" · ");
  };
  const peak = report.peak();
  return [
    ["Allocated", report.bytes(total.allocated), estimate(total.allocated)],
    ["Most live at once", report.bytes(peak.samples), `at ${formatDuration(peak.seconds)}`],
    ["Live at the end", report.bytes(total.live), estimate(total.live)],
    ["Duration", formatDuration(facts.durationSeconds), perSecond(report)],
  ];
}

function perSecond(report: Report): string {
  const { facts, total } = report.content;
  if (facts.durationSeconds <= 0) return "";
  return `${report.bytes(total.allocated / facts.durationSeconds)} allocated a second`;
}

function figure([term, value, remark]: Figure): HTMLElement[] {
  const details = [
    element("strong", { class: "figure" }, value),
    element("span", { class: "remark" }, remark),
  ];
  return [element("div", {}, element("dt", {}, term), element("dd", {}, ...details))];
}

function listFacts(report: Report): (readonly [string, string])[] {
  const { facts, functionCount } = report.content;
  const known = (text: string) => (text === "" ? "not given" : text);
  return [
    ["Executable", known(facts.executable)],
    ["Host", known(facts.host)],
    ["Process id", facts.pid],
    ["Runtime parameters", known(facts.parameters)],
    ["Context", known(facts.context)],
    ["Began", formatTime(facts.startMs)],
    ["Duration", formatDuration(facts.durationSeconds)],
    ["Format", `memtrace (CTF), version ${facts.version}`],
    ["Sampling rate", sayRate(facts.samplingRate)],
    ["A sample stands for", formatBytes(facts.bytesPerSample)],
    ["Samples", formatCount(report.content.total.allocated)],
    [
      "Sampled allocations",
      `${formatCount(facts.allocationCount)}, of which ${formatCount(facts.collectionCount)} freed`,
    ],
    ["Functions", formatCount(functionCount)],
    ["Sampling error", sayError(report)],
    ["Left out of the flame graph", sayPruned(report)],
  ];
}
