/**
 * The flame graph's frames as the tree of objects that d3-flame-graph draws.
 */
import type { TreeColumns } from "../content.js";
import { formatPlace } from "./format.js";
import type { FunctionFigures, Mode, Report } from "./report.js";

/** A frame; `fade` and `hide` are the library's. */
export interface FlameNode {
  readonly name: string;
  /** Undefined for the root. */
  readonly called: FunctionFigures | undefined;
  readonly place: string;
  /** Samples with all that the frame calls. */
  readonly value: number;
  readonly self: number;
  /** What is called in frames that the page leaves out. */
  pruned: number;
  readonly children: FlameNode[];
  fade?: boolean;
  hide?: boolean;
}

/** The tree for a mode, without frames that have nothing in it; the largest children first. */
export function buildNodes(report: Report, mode: Mode): FlameNode {
  const { tree, total } = report.content;
  const root = nodeOf("all", undefined, "", total[mode], 0);
  const path: FlameNode[] = [root];
  for (const [index, depth] of tree.depth.entries()) {
    path.length = depth;
    const node = readNode(report, tree, index, mode);
    const parent = path[depth - 1];
    if (parent === undefined || node.value === 0) {
      // What it calls has nothing either; its place in the path keeps theirs.
      path.push(node);
      continue;
    }
    parent.children.push(node);
    parent.pruned -= node.value;
    path.push(node);
  }
  orderChildren(root);
  return root;
}

function readNode(report: Report, tree: TreeColumns, index: number, mode: Mode): FlameNode {
  const at = (column: readonly number[]) => column[index] ?? 0;
  const called = report.functions[at(tree.function)];
  const others = at(tree.lineCount) - 1;
  const place = formatPlace(called?.file ?? "", at(tree.line));
  const places = others > 0 ? `${place} and ${others} more line${others > 1 ? "s" : ""}` : place;
  const self = mode === "live" ? at(tree.liveSelf) : at(tree.allocatedSelf);
  return nodeOf(called?.name ?? "", called, places, at(tree[mode]), self);
}

function nodeOf(
  name: string,
  called: FunctionFigures | undefined,
  place: string,
  value: number,
  self: number,
): FlameNode {
  return { name, called, place, value, self, pruned: value - self, children: [] };
}

function orderChildren(root: FlameNode): void {
  const waiting = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    node.children.sort((one, other) => other.value - one.value);
    for (const child of node.children) waiting.push(child);
  }
}
