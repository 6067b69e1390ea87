/** Operators by their two letters (Itanium C++ ABI, 5.1.3), and how they stand in expressions. */
import type { Mangled } from "./mangled.js";

/** How many operands an operator has, and where it stands. */
export enum Fix {
  /** Between two. */
  Infix,
  Prefix,
  /** Before one if `_` follows its letters, else behind it. */
  Either,
  /** Between two, without parentheses or spaces. */
  Member,
  /** Has a shape of its own, or stands in no expression. */
  Other,
}

export interface Operator {
  readonly sign: string;
  readonly fix: Fix;
}

const SIGNS: readonly (readonly [Fix, Readonly<Record<string, string>>])[] = [
  [
    Fix.Infix,
    {
      aa: "&&",
      an: "&",
      aN: "&=",
      aS: "=",
      cm: ",",
      dv: "/",
      dV: "/=",
      eo: "^",
      eO: "^=",
      eq: "==",
      ge: ">=",
      gt: ">",
      le: "<=",
      ls: "<<",
      lS: "<<=",
      lt: "<",
      mi: "-",
      mI: "-=",
      ml: "*",
      mL: "*=",
      ne: "!=",
      oo: "||",
      or: "|",
      oR: "|=",
      pl: "+",
      pL: "+=",
      pm: "->*",
      rm: "%",
      rM: "%=",
      rs: ">>",
      rS: ">>=",
      ss: "<=>",
    },
  ],
  [Fix.Prefix, { ad: "&", co: "~", de: "*", ng: "-", nt: "!", ps: "+" }],
  [Fix.Either, { mm: "--", pp: "++" }],
  [Fix.Member, { ds: ".*", dt: ".", pt: "->" }],
  [
    Fix.Other,
    {
      aw: "co_await",
      cl: "()",
      da: "delete[]",
      dl: "delete",
      ix: "[]",
      na: "new[]",
      nw: "new",
      qu: "?",
    },
  ],
];

const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  SIGNS.flatMap(([fix, signs]) =>
    Object.entries(signs).map(([letters, sign]) => [letters, { sign, fix }] as const),
  ),
);

/** The operator whose letters stand here; they are not passed. */
export function operatorAt(mangled: Mangled): Operator | undefined {
  return OPERATORS.get(mangled.look() + mangled.look(1));
}
