/**
 * What we use of d3-flame-graph, which has no types of its own.
 */

// @ts-expect-error: has no types
import flamegraph from "d3-flame-graph";
import type { Selection } from "d3-selection";
import type { FlameNode } from "./nodes.js";

/** A frame as the library lays it out: d3-hierarchy's node. */
export interface ChartNode {
  readonly data: FlameNode;
  readonly depth: number;
  readonly parent: ChartNode | null;
  readonly children?: readonly ChartNode[];
  /** Where it is, in shares of the view's width. */
  readonly x0: number;
  readonly x1: number;
  /** 0 where it is outside of what is zoomed into. */
  readonly value: number;
  /** Whether the last search found it. */
  readonly highlight?: boolean;
}

/** Shown for the frame under the pointer; the library calls it once with its drawing. */
export interface ChartTooltip {
  (): void;
  show(event: MouseEvent, node: ChartNode): void;
  hide(): void;
}

/** The library's settings, each of which returns the chart, and commands. */
export interface Chart {
  (selection: Selection<HTMLElement, unknown, null, undefined>): void;
  width(pixels: number): Chart;
  cellHeight(pixels: number): Chart;
  minFrameSize(pixels: number): Chart;
  transitionDuration(ms: number): Chart;
  inverted(isTopDown: boolean): Chart;
  resetHeightOnZoom(isReset: boolean): Chart;
  tooltip(tooltip: ChartTooltip): Chart;
  setColorMapper(colour: (node: ChartNode) => string): Chart;
  setSearchMatch(isMatch: (node: ChartNode) => boolean): Chart;
  setSearchHandler(handle: (results: readonly ChartNode[]) => void): Chart;
  onClick(handle: (node: ChartNode) => void): Chart;
  search(term: string): void;
  clear(): void;
  zoomTo(node: ChartNode): void;
  resetZoom(): void;
  /** Draws anew; with data, those. */
  update(data?: FlameNode): Chart;
}

/** A new chart, nothing drawn yet. */
export function createChart(): Chart {
  return (flamegraph as () => Chart)();
}
