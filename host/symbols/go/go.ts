/**
 * Symbols of programs that Go's compiler made for wasm: which they are, and where their calls are
 * in the source.
 */
import { Cursor } from "../cursor.js";
import { SectionId, type WasmSection } from "../sections.js";
import { BLOCKS, FUNCTION_BASE, returnAddressOf } from "./call.js";
import { readImage } from "./image.js";
import { findPclntab, type GoFrame, type Pclntab } from "./pclntab.js";

/** Types of the first globals: SP, CTXT, g, RET0 to RET3, PAUSE (cmd/link/internal/wasm/asm.go). */
const GLOBALS: readonly number[] = [0x7f, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7f];

/** The table of a program that Go made; undefined for other modules, and for a broken table. */
export function openPclntab(
  bytes: Uint8Array,
  sections: readonly WasmSection[],
): Pclntab | undefined {
  try {
    return isGo(bytes, sections) ? findPclntab(readImage(bytes, sections)) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the module's globals are those of a program that Go's linker wrote. */
function isGo(bytes: Uint8Array, sections: readonly WasmSection[]): boolean {
  const section = sections.find(({ id }) => id === SectionId.Global);
  if (!section) return false;
  const cursor = new Cursor(bytes, section.begin, section.until);
  if (cursor.uleb() < GLOBALS.length) return false;
  return GLOBALS.every((type) => {
    const isAlike = cursor.u8() === type && cursor.u8() === 1;
    while (isAlike && cursor.u8() !== 0x0b);
    return isAlike;
  });
}

/** The function that an address to return to is in, and the others that are inlined there. */
export class GoSymbols {
  /** `importedCount` functions come before Go's own. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly table: Pclntab,
    private readonly importedCount: number,
  ) {}

  nameOf(functionIndex: number): string | undefined {
    try {
      return this.table.nameOf(functionIndex - this.importedCount + FUNCTION_BASE);
    } catch {
      return undefined;
    }
  }

  /** Frames at a call of a function, innermost first; what is no call is where it begins. */
  locate(position: number, functionIndex: number): readonly GoFrame[] {
    const own = functionIndex - this.importedCount + FUNCTION_BASE;
    const address = returnAddressOf(this.bytes, position) ?? 0;
    const isOwn = Math.floor(address / BLOCKS) === own;
    try {
      return this.table.framesAt(own, isOwn ? address % BLOCKS : 0);
    } catch {
      return [];
    }
  }
}
