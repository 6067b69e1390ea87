/**
 * Expressions and statements of a function: which instructions compute each operand, and which
 * statements follow each other. The code stays a list; nodes are spans of it.
 */
import { arityOf, Op } from "./instruction.js";

const NO_VALUE = 0x40;

function arity({ op, bytes, target }, resultCount) {
  if (op === Op.Call) {
    return { taken: target.type.parameters.length, left: target.type.results.length };
  }
  if (op === Op.Return) return { taken: resultCount, left: 0 };
  if (op === Op.BrIf || op === Op.BrTable) return { taken: 1, left: 0 };
  if (op === Op.If) return { taken: 1, left: 0 };
  if (op === Op.Br || op <= 1) return { taken: 0, left: 0 };
  return arityOf(op, bytes);
}

/** Reads the code of one function. */
class TreeReader {
  nodes = [];
  lists = [];
  #frames = [];
  #items = [];

  /**
   * The spans of the operands of an instruction, one behind the other up to it; undefined where
   * the stack does not hold them, which is behind an exit.
   */
  #take(count, at) {
    const operands = [];
    let end = at;
    for (let left = count; left > 0; left--) {
      const index = this.#items.findLastIndex((item) => item.hasValue);
      if (index < 0) return undefined;
      const [{ begin }] = this.#items.splice(index);
      operands.unshift({ begin, end });
      end = begin;
    }
    return operands;
  }

  #add(node) {
    this.nodes.push(node);
    this.#items.push(node);
  }

  #open(instruction, at) {
    const operands = instruction.op === Op.If ? (this.#take(1, at) ?? []) : [];
    this.#frames.push({ instruction, at, operands, items: this.#items });
    this.#items = [];
  }

  #closeList() {
    this.lists.push(this.#items);
    this.#items = [];
  }

  #close(endAt) {
    this.#closeList();
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    this.#items = frame.items;
    const { instruction, at, operands, elseAt } = frame;
    const hasValue = instruction.bytes[0] !== NO_VALUE;
    const begin = operands[0]?.begin ?? at;
    this.#add({ instruction, begin, at, elseAt, endAt, end: endAt + 1, operands, hasValue });
  }

  read({ code, type }) {
    for (const [at, instruction] of code.entries()) {
      const { op } = instruction;
      if (op === Op.Block || op === Op.Loop || op === Op.If) this.#open(instruction, at);
      else if (op === Op.Else) {
        this.#closeList();
        this.#frames.at(-1).elseAt = at;
      } else if (op === Op.End) this.#close(at);
      else {
        const { taken, left } = arity(instruction, type.results.length);
        const operands = this.#take(taken, at);
        const begin = operands?.[0]?.begin ?? at;
        this.#add({ instruction, begin, at, end: at + 1, operands, hasValue: left > 0 });
      }
    }
    return this;
  }
}

/**
 * `nodes` of a function, those of operands before those that use them: `begin` and `end` of their
 * span, where their `instruction` is `at`, the spans of their `operands`; and `lists` of nodes that
 * follow each other in a block.
 */
export function readTree(wasmFunction) {
  return new TreeReader().read(wasmFunction);
}
