/**
 * The flame graph: frames drawn by d3-flame-graph, entry point on top, with keys to walk in it.
 */
import { select } from "d3-selection";
import { type Chart, type ChartNode, createChart } from "./chart.js";
import { onThemeChange } from "./element.js";
import { buildNodes } from "./nodes.js";
import { Palette } from "./palette.js";
import type { FunctionFigures, Mode, Report } from "./report.js";
import { createTip } from "./tip.js";

const ROW_PIXELS = 20;
const FRAME_PIXELS_MIN = 0.5;
/** Rows of callers that stay in view above what is zoomed into. */
const CALLERS_SHOWN = 3;
const TRANSITION_MS = 200;
/** More frames than this move too slowly to be worth it. */
const MOVING_FRAMES_MAX = 500;

/** Tells which functions a search is for. */
export type Match = (called: FunctionFigures) => boolean;

/** What the page does when something happens in the flame graph. */
export interface FlameEvents {
  /** A frame was zoomed into, or reached by a key. */
  onFrame(node: ChartNode): void;
  /** A search found these frames. */
  onFound(found: readonly ChartNode[]): void;
}

/** Draws into `box`, which scrolls and takes the keys. */
export class FlameView {
  private readonly chart: Chart;
  /** As high as the rows; clips the two that the library leaves free for a title. */
  private readonly rows: HTMLElement = document.createElement("div");
  private palette = new Palette();
  private mode: Mode = "allocated";
  private match: Match | undefined;
  private cursor: ChartNode | undefined;

  constructor(
    private readonly report: Report,
    private readonly box: HTMLElement,
    private readonly events: FlameEvents,
  ) {
    this.chart = createChart()
      .cellHeight(ROW_PIXELS)
      .minFrameSize(FRAME_PIXELS_MIN)
      .inverted(true)
      .resetHeightOnZoom(true)
      .transitionDuration(this.canMove() ? TRANSITION_MS : 0)
      .tooltip(createTip(report, () => this.mode))
      .setColorMapper((node) => this.palette.colour(node, this.match !== undefined))
      .setSearchMatch(({ data }) => data.called !== undefined && this.match?.(data.called) === true)
      .setSearchHandler((found) => events.onFound(found))
      .onClick((node) => this.onZoomed(node));
    box.append(this.rows);
    box.tabIndex = 0;
    box.addEventListener("keydown", (event) => this.onKey(event));
    onThemeChange(() => {
      this.palette = new Palette();
      this.chart.update();
    });
    new ResizeObserver(() => this.resize()).observe(box);
  }

  /** Draws the frames of a mode, all of them in view. */
  show(mode: Mode): void {
    this.mode = mode;
    this.cursor = undefined;
    this.chart.width(this.box.clientWidth);
    const nodes = buildNodes(this.report, mode);
    const isFirst = this.rows.childElementCount === 0;
    if (isFirst) this.chart(select(this.rows).datum<unknown>(nodes));
    else this.chart.update(nodes);
    this.box.scrollTop = 0;
    const [root] = this.drawn();
    if (root !== undefined) this.events.onFrame(root);
    if (this.match !== undefined) this.highlight(this.match);
  }

  /** Marks what matches and lets the rest step back; undefined ends it. */
  highlight(match: Match | undefined): void {
    this.match = match;
    if (match === undefined) this.chart.clear();
    else this.chart.search("");
  }

  /** Brings all frames into view. */
  resetZoom(): void {
    this.chart.resetZoom();
  }

  private canMove(): boolean {
    const isUnwanted = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return !isUnwanted && this.report.content.tree.depth.length <= MOVING_FRAMES_MAX;
  }

  private resize(): void {
    if (this.box.clientWidth === 0) return;
    this.chart.width(this.box.clientWidth).update();
  }

  private onZoomed(node: ChartNode): void {
    this.box.scrollTop = (node.depth - CALLERS_SHOWN) * ROW_PIXELS;
    this.moveTo(node);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const cursor = this.cursor ?? this.drawn().find(({ depth }) => depth === 0);
    if (cursor === undefined) return;
    if (event.key === "Enter" || event.key === " ") this.chart.zoomTo(cursor);
    else if (event.key === "Escape") this.resetZoom();
    else if (event.key.startsWith("Arrow")) this.step(event.key, cursor);
    else return;
    event.preventDefault();
  }

  private step(key: string, cursor: ChartNode): void {
    const to = this.neighbour(key, cursor);
    if (to === undefined) return;
    this.moveTo(to);
    const top = to.depth * ROW_PIXELS;
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    const bottom = top + ROW_PIXELS;
    if (bottom > scrollTop + clientHeight) this.box.scrollTop = bottom - clientHeight;
  }

  /** The caller, the largest callee, or the next frame of the row. */
  private neighbour(key: string, cursor: ChartNode): ChartNode | undefined {
    if (key === "ArrowUp") return cursor.parent ?? undefined;
    const drawn = this.drawn();
    if (key === "ArrowDown") {
      const callees = drawn.filter(({ parent }) => parent === cursor);
      return callees.reduce<ChartNode | undefined>(
        (widest, node) => (widest === undefined || node.value > widest.value ? node : widest),
        undefined,
      );
    }
    const row = drawn.filter(({ depth }) => depth === cursor.depth);
    row.sort((one, other) => one.x0 - other.x0);
    return row[row.indexOf(cursor) + (key === "ArrowRight" ? 1 : -1)];
  }

  private drawn(): ChartNode[] {
    return this.frames().data();
  }

  private frames() {
    return select(this.rows).selectAll<SVGGElement, ChartNode>("g.frame");
  }

  private moveTo(node: ChartNode): void {
    this.cursor = node;
    this.markCursor();
    this.events.onFrame(node);
  }

  private markCursor(): void {
    this.frames().attr("data-cursor", (node) => (node === this.cursor ? "" : null));
  }
}
