/**
 * Live bytes over time, drawn by uPlot. Drag to zoom into a range, double-click to see all.
 */
import uPlot from "uplot";
import { element, onThemeChange, themeValue } from "./element.js";
import { formatBytes, formatDuration } from "./format.js";
import type { Report } from "./report.js";

const HEIGHT_PIXELS = 220;
const FONT = "12px system-ui, sans-serif";
/** Room for `1023 MiB`. */
const BYTES_AXIS_PIXELS = 76;

/** Room for the half of a label that may stand right of the last point. */
const LAST_TICK_PIXELS = 32;

/** Distances between ticks: powers of two, so that they are round in binary units. */
const BYTE_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

/** Distances between ticks in seconds: round as people count them. */
const SECOND_STEPS = [
  ...[-6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power)),
  ...[1, 2, 5, 10, 20, 30],
  ...[1, 2, 5, 10, 20, 30].map((minutes) => minutes * 60),
  ...[1, 2, 4, 8, 12, 24, 48, 168, 672].map((hours) => hours * 3_600),
];

/** Draws the series into `box`, and again when its width or the theme changes. */
export function drawPlot(report: Report, box: HTMLElement): void {
  const { bytesPerSample, durationSeconds } = report.content.facts;
  const seconds = [...report.content.live.seconds];
  const samples = [...report.content.live.samples];
  if (durationSeconds > (seconds.at(-1) ?? 0)) {
    // What is live stays so until the trace ends.
    seconds.push(durationSeconds);
    samples.push(samples.at(-1) ?? 0);
  }
  box.setAttribute("aria-label", describe(report));
  const bytes = samples.map((count) => count * bytesPerSample);
  const frame = element("div");
  box.append(frame);
  const make = () => new uPlot(plotOptions(box.clientWidth), [seconds, bytes], frame);
  let plot = make();
  onThemeChange(() => {
    plot.destroy();
    plot = make();
  });
  new ResizeObserver(() => {
    if (box.clientWidth > 0) plot.setSize({ width: box.clientWidth, height: HEIGHT_PIXELS });
  }).observe(box);
}

/** The picture in words. */
function describe(report: Report): string {
  const { samples, seconds } = report.peak();
  const peak = `at most ${report.bytes(samples)}, at ${formatDuration(seconds)}`;
  return `Live bytes over time: ${peak}; ${report.bytes(report.content.total.live)} at the end`;
}

function plotOptions(width: number): uPlot.Options {
  return {
    width,
    height: HEIGHT_PIXELS,
    padding: [8, LAST_TICK_PIXELS, 0, 0],
    scales: {
      x: { time: false },
      y: { range: (_plot, _min, max) => [0, Math.max(max, 1) * 1.05] },
    },
    cursor: { y: false, points: { size: 7 } },
    legend: { live: true, markers: { show: false } },
    axes: plotAxes(),
    series: [
      {
        label: "At",
        value: (_plot, seconds) => (seconds === null ? "–" : formatDuration(seconds)),
      },
      liveSeries(),
    ],
  };
}

function plotAxes(): uPlot.Axis[] {
  const axis = {
    stroke: themeValue("--ink-soft"),
    font: FONT,
    grid: { stroke: themeValue("--line"), width: 1 },
    ticks: { show: false },
  };
  const seconds: uPlot.Axis = {
    ...axis,
    space: 80,
    size: 32,
    incrs: SECOND_STEPS,
    values: (_plot, ticks) => ticks.map(formatTick),
  };
  const bytes: uPlot.Axis = {
    ...axis,
    space: 24,
    size: BYTES_AXIS_PIXELS,
    incrs: BYTE_STEPS,
    values: (_plot, ticks) => ticks.map(formatByteTick),
  };
  return [seconds, bytes];
}

/** In steps: what is live stays so until something happens. */
function liveSeries(): uPlot.Series {
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return {
    label: "Live",
    stroke: themeValue("--accent"),
    fill: themeValue("--accent-soft"),
    width: 1.5,
    ...(paths === undefined ? {} : { paths }),
    points: { show: false },
    value: (_plot, bytes) => (bytes === null ? "–" : formatBytes(bytes)),
  };
}

/** Ticks are powers of two or multiples: short where they are round. */
function formatByteTick(bytes: number): string {
  return formatBytes(bytes).replace(/\.0+(?=\s)/, "");
}

function formatTick(seconds: number): string {
  return formatDuration(Number(seconds.toPrecision(6)));
}
