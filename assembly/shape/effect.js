/**
 * What instructions read and write, and whether two spans of them may change places. Nothing traps
 * on purpose (as build.js tells binaryen), so loads and divisions may move.
 */
import { Op } from "./instruction.js";

/** Bytes that a store writes, by opcode from 0x36. */
const STORED_BYTES = [4, 8, 4, 8, 1, 2, 1, 2, 4];

function isBetween(op, first, last) {
  return op >= first && op <= last;
}

function isLoad(op) {
  return (
    isBetween(op, 0x28, 0x35) || isBetween(op, 0xfd00, 0xfd0a) || isBetween(op, 0xfd5c, 0xfd5d)
  );
}

function isScalarStore(op) {
  return isBetween(op, 0x36, 0x3e);
}

function isStore(op) {
  return isScalarStore(op) || op === 0xfd0b || isBetween(op, 0xfc08, 0xfc0b);
}

function isBranch(op) {
  return op === Op.Loop || isBetween(op, Op.Br, Op.Return) || op === Op.Unreachable;
}

/** A span of code by what it does; locals and globals are in sets of their own. */
class Effect {
  reads = new Set();
  writes = new Set();
  readsMemory = false;
  writesMemory = false;
  calls = false;
  branches = false;

  add({ op, index, target }) {
    if (op === Op.LocalGet) this.reads.add(index);
    else if (op === Op.LocalSet || op === Op.LocalTee) this.writes.add(index);
    else if (op === Op.GlobalGet) this.reads.add(target);
    else if (op === Op.GlobalSet) this.writes.add(target);
    else if (op === Op.Call) this.calls = true;
    else if (isLoad(op) || op === Op.MemorySize) this.readsMemory = true;
    else if (isStore(op) || op === Op.MemoryGrow) this.writesMemory = true;
    else if (isBranch(op)) this.branches = true;
  }

  /** Whether somebody else could see when it happens: it calls, or touches what calls touch. */
  get isShared() {
    if (this.calls || this.readsMemory || this.writesMemory) return true;
    return [...this.reads, ...this.writes].some((place) => typeof place === "object");
  }
}

function effectOf(code, { begin, end }) {
  const effect = new Effect();
  for (let at = begin; at < end; at++) effect.add(code[at]);
  return effect;
}

/** Where a statement that is one store to a local's address and an offset writes. */
function storedSpan(code, { begin, end }) {
  const first = code[begin];
  const last = code[end - 1];
  if (first.op !== Op.LocalGet || !isScalarStore(last.op)) return undefined;
  const value = effectOf(code, { begin, end: end - 1 });
  if (value.readsMemory || value.writesMemory || value.calls) return undefined;
  let offset = 0;
  for (const [index, byte] of last.bytes.subarray(1).entries()) {
    offset += (byte & 127) * 128 ** index;
  }
  return { base: first.index, begin: offset, end: offset + STORED_BYTES[last.op - 0x36] };
}

function areApart(code, left, right) {
  const leftSpan = storedSpan(code, left);
  const rightSpan = storedSpan(code, right);
  if (leftSpan === undefined || rightSpan?.base !== leftSpan.base) return false;
  return leftSpan.end <= rightSpan.begin || rightSpan.end <= leftSpan.begin;
}

/** Whether one effect writes what the other reads or writes. */
function meets(left, right) {
  for (const place of left.writes) {
    if (right.reads.has(place) || right.writes.has(place)) return true;
  }
  return false;
}

/** Whether two spans of code, one behind the other, do the same in the other order. */
export function canTrade(code, left, right) {
  const leftEffect = effectOf(code, left);
  const rightEffect = effectOf(code, right);
  if (leftEffect.branches || rightEffect.branches) return false;
  if (meets(leftEffect, rightEffect) || meets(rightEffect, leftEffect)) return false;
  if (leftEffect.calls && rightEffect.isShared) return false;
  if (rightEffect.calls && leftEffect.isShared) return false;
  const { readsMemory, writesMemory } = rightEffect;
  const canMeet =
    (leftEffect.writesMemory && (readsMemory || writesMemory)) ||
    (writesMemory && leftEffect.readsMemory);
  return !canMeet || areApart(code, left, right);
}
