/**
 * Makes a large module of a small one: repeats its functions behind the last one, unnamed and
 * uncalled, until it has as many bytes as are wanted. It does what it did.
 */
const HEADER_BYTES = 8;
const SECTION_FUNCTION = 3;
const SECTION_CODE = 10;

interface Section {
  readonly id: number;
  readonly payload: Uint8Array;
}

/** Bytes of a module of about `byteCount`, or the module itself if it has more. */
export function enlarge(bytes: Uint8Array, byteCount: number): Uint8Array {
  if (bytes.length >= byteCount) return bytes;
  const sections = split(bytes);
  const functions = listOf(sections, SECTION_FUNCTION);
  const code = listOf(sections, SECTION_CODE);
  const copies = Math.ceil(
    (byteCount - bytes.length) / (functions.items.length + code.items.length),
  );
  const parts: Uint8Array[] = [bytes.subarray(0, HEADER_BYTES)];
  for (const { id, payload } of sections) {
    const list = id === SECTION_FUNCTION ? functions : id === SECTION_CODE ? code : undefined;
    const content = list ? repeat(list, copies + 1) : payload;
    parts.push(Uint8Array.of(id), encodeUnsigned(content.length), content);
  }
  return Buffer.concat(parts);
}

interface List {
  readonly count: number;
  readonly items: Uint8Array;
}

/** A section that is a count and items. */
function listOf(sections: readonly Section[], wanted: number): List {
  const payload = sections.find(({ id }) => id === wanted)?.payload;
  if (!payload) throw new Error(`no section ${wanted}`);
  const { value: count, next } = decodeUnsigned(payload, 0);
  return { count, items: payload.subarray(next) };
}

function repeat({ count, items }: List, times: number): Uint8Array {
  return Buffer.concat([encodeUnsigned(count * times), ...Array(times).fill(items)]);
}

function split(bytes: Uint8Array): Section[] {
  const sections: Section[] = [];
  let at = HEADER_BYTES;
  while (at < bytes.length) {
    const { value: payloadBytes, next } = decodeUnsigned(bytes, at + 1);
    const payload = bytes.subarray(next, next + payloadBytes);
    sections.push({ id: bytes[at] ?? 0, payload });
    at = next + payloadBytes;
  }
  return sections;
}

function decodeUnsigned(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  let shift = 0;
  let at = from;
  for (;;) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) return { value: value >>> 0, next: at };
  }
}

function encodeUnsigned(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Uint8Array.from([...bytes, rest]);
}
