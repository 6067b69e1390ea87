/**
 * The table of hot functions: sorted by any of its figures, filtered by the search.
 */
import { element, find } from "./element.js";
import { formatNumber, formatShare } from "./format.js";
import type { FunctionFigures, Mode, Report } from "./report.js";

const ROWS_STEP = 50;

interface Column {
  readonly id: string;
  readonly mode?: Mode;
  readonly samples?: (figures: FunctionFigures) => number;
}

const COLUMNS: readonly Column[] = [
  { id: "name" },
  { id: "allocated-self", mode: "allocated", samples: ({ self }) => self.allocated },
  { id: "allocated-total", mode: "allocated", samples: ({ total }) => total.allocated },
  { id: "live-self", mode: "live", samples: ({ self }) => self.live },
  { id: "live-total", mode: "live", samples: ({ total }) => total.live },
];

/** Fills the page's table; `onPick` is told of the function whose row was clicked. */
export class FunctionTable {
  private readonly body = find("functions-body");
  private readonly more = find<HTMLButtonElement>("functions-more");
  private column = "allocated-self";
  private isAscending = false;
  private rowsMax = ROWS_STEP;
  private filter = "";
  private picked: number | undefined;

  constructor(
    private readonly report: Report,
    private readonly onPick: (figures: FunctionFigures) => void,
  ) {
    for (const { id } of COLUMNS) {
      find(`sort-${id}`).addEventListener("click", () => this.sortBy(id));
    }
    this.more.addEventListener("click", () => {
      this.rowsMax *= 4;
      this.draw();
    });
  }

  /** Sorts by what functions themselves have in this mode. */
  showMode(mode: Mode): void {
    find("functions-table").dataset.mode = mode;
    this.column = `${mode}-self`;
    this.isAscending = false;
    this.draw();
  }

  /** Lists functions whose name or file has this text in it, in any case. */
  showOnly(text: string): void {
    this.filter = text.toLowerCase();
    this.rowsMax = ROWS_STEP;
    this.draw();
  }

  /** Marks a function's row, or none. */
  mark(index: number | undefined): void {
    this.picked = index;
    for (const row of this.body.querySelectorAll("tr")) {
      const isPicked = row.dataset.function === String(index);
      row.classList.toggle("picked", isPicked);
      row.querySelector("button")?.setAttribute("aria-pressed", String(isPicked));
    }
  }

  private sortBy(id: string): void {
    this.isAscending = id === this.column ? !this.isAscending : id === "name";
    this.column = id;
    this.draw();
  }

  private draw(): void {
    const { functions, content } = this.report;
    const found = functions.filter((figures) => matches(figures, this.filter));
    const rows = this.sorted(found).slice(0, this.rowsMax);
    this.body.replaceChildren(...rows.map((figures) => this.row(figures)));
    this.mark(this.picked);
    for (const { id } of COLUMNS) {
      const order = this.isAscending ? "ascending" : "descending";
      const header = find(`sort-${id}`).closest("th");
      header?.setAttribute("aria-sort", id === this.column ? order : "none");
    }
    this.more.hidden = rows.length === found.length;
    const all = formatNumber(content.functionCount, "function");
    const left = content.functionCount - functions.length;
    find("functions-count").textContent =
      `${rows.length} of ${this.filter === "" ? all : `${found.length} found, of ${all}`}` +
      (left > 0 ? `; the ${formatNumber(left, "smallest", "smallest")} not in this page` : "");
  }

  private sorted(functions: readonly FunctionFigures[]): FunctionFigures[] {
    const column = COLUMNS.find(({ id }) => id === this.column);
    const samples = column?.samples;
    const compare = (one: FunctionFigures, other: FunctionFigures) =>
      samples === undefined
        ? one.name.localeCompare(other.name)
        : samples(one) - samples(other) || other.name.localeCompare(one.name);
    const sign = this.isAscending ? 1 : -1;
    return [...functions].sort((one, other) => sign * compare(one, other));
  }

  private row(figures: FunctionFigures): HTMLElement {
    const button = element("button", { type: "button", class: "name" }, figures.name);
    const place = element("span", { class: "place" }, figures.place);
    const name = element("th", { scope: "row" }, button, place);
    const cells = COLUMNS.flatMap(({ mode, samples }) =>
      mode === undefined || samples === undefined ? [] : [this.cell(samples(figures), mode)],
    );
    const row = element("tr", {}, name, ...cells);
    row.dataset.function = String(figures.index);
    row.addEventListener("click", () => this.onPick(figures));
    return row;
  }

  private cell(samples: number, mode: Mode): HTMLElement {
    const total = this.report.content.total[mode];
    const share = element("small", {}, formatShare(samples, total));
    const cell = element("td", { class: mode }, this.report.bytes(samples), share);
    cell.style.setProperty("--share", `${total === 0 ? 0 : (100 * samples) / total}%`);
    return cell;
  }
}

/** Whether a function's name or file has this text in it; the text in lower case. */
export function matches({ name, file }: FunctionFigures, text: string): boolean {
  return name.toLowerCase().includes(text) || file.toLowerCase().includes(text);
}
