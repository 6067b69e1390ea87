/**
 * Bodies of requests, read no further than a limit: whoever finds the address may send anything.
 */

/** The body's bytes; undefined when they are more than `bytesMax`, of which no more is read. */
export async function readBody(
  request: Request,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  const reader = request.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    chunks.push(read.value);
    byteCount += read.value.length;
    if (byteCount <= bytesMax) continue;
    await reader?.cancel();
    return undefined;
  }
  const body = new Uint8Array(byteCount);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}
