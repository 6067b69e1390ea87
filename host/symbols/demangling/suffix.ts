/** What compilers append to the name of a function's copy: `.cold`, `.0`. */

/** In parentheses, as LLVM has it; LLVM's own number (`.llvm.123`) says nothing and is left out. */
export function describeSuffix(suffix: string): string {
  return suffix === "" || suffix.startsWith(".llvm.") ? "" : ` (${suffix})`;
}
