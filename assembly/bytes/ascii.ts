/**
 * Texts that the core itself writes. The compiler transform assembly/ascii.js turns each call into
 * a constant; strings of AssemblyScript would be managed objects of UTF-16, three times as large.
 */

/** The address of a counted text with these ASCII characters. */
export function ascii(text: string): usize {
  // Copies read 32 bytes, and some texts are the last thing in memory.
  const at = heap.alloc(text.length + 34);
  store<u16>(at, <u16>text.length);
  for (let i = 0; i < text.length; i++) store<u8>(at + 2 + i, text.charCodeAt(i));
  return at;
}
