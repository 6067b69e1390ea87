/**
 * Random programs, as text of wasm: functions that call earlier ones, write locals, a global and
 * memory, and end. They trap nowhere if `$at` is at most 1,000.
 */
import type { Random } from "../wasm/random.js";

const BINARIES = ["add", "sub", "mul", "and", "or", "xor", "shl", "shr_u"];
const COMPARISONS = ["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
const LOCALS = { i32: ["$a", "$b", "$c", "$at"], i64: ["$x", "$y", "$z"] };
const ARGUMENTS = "(param $at i32) (param $a i32) (param $x i64) (param $b i32)";

type Kind = "i32" | "i64";

/** Writes one program. */
class ProgramWriter {
  #functionCount = 0;
  #loopCount = 0;

  constructor(readonly random: Random) {}

  #pick<T>(items: readonly T[]): T {
    return items[this.random.word() % items.length] as T;
  }

  #constant(kind: Kind): string {
    return `(${kind}.const ${this.#pick([0, 1, 2, 7, 9, 10, 64, 255, -1, 1000, 123_456])})`;
  }

  #address(): string {
    return this.#pick(["(local.get $at)", "(i32.and (local.get $a) (i32.const 1016))"]);
  }

  #call(depth: number): string {
    const rest = `${this.#value("i32", depth)} ${this.#value("i64", depth)}`;
    const callee = this.random.word() % this.#functionCount;
    return `(call $f${callee} (local.get $at) ${rest} ${this.#value("i32", depth)})`;
  }

  #condition(depth: number): string {
    const kind = this.#pick<Kind>(["i32", "i64"]);
    const operands = `${this.#value(kind, depth - 1)} ${this.#value(kind, depth - 1)}`;
    return `(${kind}.${this.#pick(COMPARISONS)} ${operands})`;
  }

  #choice(kind: Kind, depth: number): string {
    const [left, right] = [this.#value(kind, depth), this.#value(kind, depth)];
    const test = this.#pick([this.#condition(depth), this.#value("i32", depth)]);
    return this.#pick([
      `(select ${left} ${right} ${test})`,
      `(if (result ${kind}) ${test} (then ${left}) (else ${right}))`,
    ]);
  }

  #value(kind: Kind, depth: number): string {
    const leaf = this.random.word() % 3 === 0;
    if (depth <= 0 || leaf) {
      return this.#pick([this.#constant(kind), `(local.get ${this.#pick(LOCALS[kind])})`]);
    }
    const inner = () => this.#value(kind, depth - 1);
    const target = this.#pick(LOCALS[kind].slice(0, 3));
    const others = [
      `(${kind}.load offset=${this.#pick([0, 8, 16])} ${this.#address()})`,
      `(local.tee ${target} ${inner()})`,
      this.#choice(kind, depth - 1),
      kind === "i32"
        ? this.#condition(depth)
        : `(i64.extend_i32_u ${this.#value("i32", depth - 1)})`,
      kind === "i32" ? "(global.get $g)" : this.#constant(kind),
    ];
    if (kind === "i32" && depth > 2 && this.#functionCount > 0) others.push(this.#call(0));
    const binary = `(${kind}.${this.#pick(BINARIES)} ${inner()} ${inner()})`;
    return this.#pick([binary, binary, binary, this.#pick(others)]);
  }

  #loop(depth: number): string {
    const index = this.#loopCount++;
    const count = `(local.get $i)`;
    return `(local.set $i (i32.const 3)) (block $out${index} (loop $again${index}
      (br_if $out${index} ${this.#condition(depth)}) ${this.#statements(depth - 1, false)}
      (br_if $again${index} (local.tee $i (i32.sub ${count} (i32.const 1))))))`;
  }

  #statement(depth: number, mayLoop: boolean): string {
    const kind = this.#pick<Kind>(["i32", "i64"]);
    const value = this.#value(kind, 3);
    const simple = this.#pick([
      `(local.set ${this.#pick(LOCALS[kind].slice(0, 3))} ${value})`,
      `(${kind}.store offset=${this.#pick([0, 8, 12, 16, 24])} ${this.#address()} ${value})`,
      `(global.set $g ${this.#value("i32", 2)})`,
    ]);
    if (depth <= 0 || this.random.word() % 3 > 0) return simple;
    const then = this.#statements(depth - 1, mayLoop);
    const other = `(if ${this.#condition(2)} (then ${then} (return (local.get $a))))`;
    const choice = `(if ${this.#condition(2)} (then ${then}) (else ${simple}))`;
    return this.#pick([choice, other, mayLoop ? this.#loop(depth) : choice]);
  }

  #statements(depth: number, mayLoop: boolean): string {
    const count = 1 + (this.random.word() % 4);
    return Array.from({ length: count }, () => this.#statement(depth, mayLoop)).join("\n");
  }

  write(): string {
    const functions: string[] = [];
    for (; this.#functionCount < 8; this.#functionCount++) {
      const name = `$f${this.#functionCount}`;
      const exported = this.#functionCount % 3 === 1 ? `(export "${name}")` : "";
      functions.push(`(func ${name} ${exported} ${ARGUMENTS} (result i32)
        (local $c i32) (local $i i32) (local $y i64) (local $z i64)
        ${this.#statements(3, true)}
        ${this.#value("i32", 3)})`);
    }
    return `(module (memory (export "memory") 1) (global $g (export "g") (mut i32) (i32.const 5))
      ${functions.join("\n")})`;
  }
}

/** A program of eight functions, of which some are exported. */
export function randomProgram(random: Random): string {
  return new ProgramWriter(random).write();
}
