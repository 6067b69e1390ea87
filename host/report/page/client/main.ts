/**
 * Starts the page: reads the data that lie in it, and ties its parts together.
 */
import type { PageContent } from "../content.js";
import type { ChartNode } from "./chart.js";
import { find } from "./element.js";
import { showFacts } from "./facts.js";
import { FlameView } from "./flame.js";
import { formatNumber } from "./format.js";
import { drawPlot } from "./plot.js";
import { type FunctionFigures, MODE_NOUNS, type Mode, Report } from "./report.js";
import { sayPruned } from "./sentences.js";
import { FunctionTable, matches } from "./table.js";
import { describeNode } from "./tip.js";

const SEARCH_PAUSE_MS = 150;

/** The parts that change together: mode, search, a picked function. */
class Page {
  private mode: Mode = "allocated";
  private picked: FunctionFigures | undefined;
  private readonly flame: FlameView;
  private readonly table: FunctionTable;
  private readonly search = find<HTMLInputElement>("search");
  private readonly state = find("state");
  private readonly found = find("found-text");

  constructor(private readonly report: Report) {
    this.flame = new FlameView(report, find("flame"), {
      onFrame: (node) => {
        this.state.textContent = describeNode(report, node.data, this.mode);
      },
      onFound: (found) => this.showFound(found),
    });
    this.table = new FunctionTable(report, (figures) => this.pick(figures));
  }

  start(): void {
    for (const mode of ["allocated", "live"] as const) {
      find(`mode-${mode}`).addEventListener("change", () => this.show(mode));
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.search.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => this.searchFor(this.search.value.trim()), SEARCH_PAUSE_MS);
    });
    find("zoom-out").addEventListener("click", () => this.flame.resetZoom());
    find("clear").addEventListener("click", () => this.clear());
    find("pruned").textContent = `Left out: ${sayPruned(this.report)}`;
    const { pruned } = this.report.content;
    find("pruned").hidden = pruned.branchCount + pruned.deepCount === 0;
    this.show("allocated");
  }

  private show(mode: Mode): void {
    this.mode = mode;
    const isEmpty = this.report.content.total[mode] === 0;
    find("flame").hidden = isEmpty;
    find("nothing-live").hidden = !isEmpty;
    this.flame.show(mode);
    this.table.showMode(mode);
    this.state.hidden = isEmpty;
  }

  private pick(figures: FunctionFigures): void {
    if (this.picked?.index === figures.index) {
      this.clear();
      return;
    }
    this.search.value = "";
    this.table.showOnly("");
    this.picked = figures;
    this.table.mark(figures.index);
    this.flame.highlight(({ index }) => index === figures.index);
    find("flame-section").scrollIntoView({ block: "nearest" });
  }

  private searchFor(text: string): void {
    if (text === "") {
      this.clear();
      return;
    }
    const wanted = text.toLowerCase();
    this.picked = undefined;
    this.table.mark(undefined);
    this.table.showOnly(text);
    this.flame.highlight((figures) => matches(figures, wanted));
  }

  private clear(): void {
    this.search.value = "";
    this.picked = undefined;
    this.table.mark(undefined);
    this.table.showOnly("");
    this.flame.highlight(undefined);
    this.found.textContent = "";
    find("found").hidden = true;
  }

  private showFound(found: readonly ChartNode[]): void {
    find("found").hidden = false;
    const outermost = found.filter((node) => !isInside(node));
    const drawn = outermost.reduce((sum, { data }) => sum + data.value, 0);
    const samples = this.picked?.total[this.mode] ?? drawn;
    const what = this.picked?.name ?? `“${this.search.value.trim()}”`;
    const amount = `${this.report.amount(samples, this.mode)} ${MODE_NOUNS[this.mode]}`;
    const frames = found.length === 0 ? "no frame" : formatNumber(found.length, "frame");
    this.found.textContent = `${what}: ${frames}, ${amount}`;
  }
}

/** Whether a caller of the frame was found too. */
function isInside(node: ChartNode): boolean {
  for (let caller = node.parent; caller !== null; caller = caller.parent) {
    if (caller.highlight) return true;
  }
  return false;
}

const report = new Report(JSON.parse(find("content").textContent ?? "") as PageContent);
showFacts(report);
const isEmpty = report.content.total.allocated === 0;
find("empty").hidden = !isEmpty;
for (const section of document.querySelectorAll<HTMLElement>(".when-sampled")) {
  section.hidden = isEmpty;
}
if (!isEmpty) {
  drawPlot(report, find("plot"));
  new Page(report).start();
}
