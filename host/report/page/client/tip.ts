/**
 * What is said of a frame: beside the pointer, and in a line for those who have none.
 */
import type { ChartNode, ChartTooltip } from "./chart.js";
import { element } from "./element.js";
import { formatCount } from "./format.js";
import type { FlameNode } from "./nodes.js";
import { MODE_NOUNS, type Mode, type Report } from "./report.js";

const DISTANCE_PIXELS = 12;

/** One sentence on a frame. */
export function describeNode(report: Report, node: FlameNode, mode: Mode): string {
  const amount = `${report.amount(node.value, mode)} ${MODE_NOUNS[mode]}`;
  if (node.called === undefined) return `All: ${amount}.`;
  return `${node.name}, ${node.place}: ${amount}, of that itself ${report.bytes(node.self)}.`;
}

/** The box beside the pointer. */
export function createTip(report: Report, mode: () => Mode): ChartTooltip {
  const box = element("div", { id: "tip", role: "tooltip", hidden: "" });
  document.body.append(box);
  const tip = () => {};
  return Object.assign(tip, {
    show(event: MouseEvent, node: ChartNode) {
      box.replaceChildren(...contents(report, node.data, mode()));
      box.hidden = false;
      place(box, event);
    },
    hide() {
      box.hidden = true;
    },
  });
}

function contents(report: Report, node: FlameNode, mode: Mode): HTMLElement[] {
  const error = report.error(node.value);
  const total = `${report.amount(node.value, mode)}${error === "" ? "" : `, ${error}`}`;
  const facts = [
    [`Bytes ${MODE_NOUNS[mode]}`, total],
    ["Of that itself", report.amount(node.self, mode)],
    ...(node.pruned > 0 ? [["In frames left out", report.amount(node.pruned, mode)]] : []),
    ["Samples", formatCount(node.value)],
  ];
  const list = element("dl");
  for (const [term = "", text = ""] of facts) {
    list.append(element("dt", {}, term), element("dd", {}, text));
  }
  const name = element("strong", {}, node.called === undefined ? "All" : node.name);
  const file = element("p", { class: "place" }, node.place);
  return node.called === undefined ? [name, list] : [name, file, list];
}

function place(box: HTMLElement, { clientX, clientY }: MouseEvent): void {
  const { width, height } = box.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const isLow = clientY + DISTANCE_PIXELS + height > clientHeight;
  const top = isLow ? clientY - DISTANCE_PIXELS - height : clientY + DISTANCE_PIXELS;
  box.style.left = `${Math.max(0, Math.min(clientX + DISTANCE_PIXELS, clientWidth - width))}px`;
  box.style.top = `${Math.max(0, top)}px`;
}
