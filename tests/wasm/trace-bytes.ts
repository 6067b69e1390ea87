/**
 * Little-endian bytes and variable integers, for the model of the trace writer.
 */

/** Little-endian bytes. */
export class Bytes {
  readonly list: number[] = [];

  put(value: bigint, byteCount: number): void {
    for (let index = 0; index < byteCount; index++) {
      this.list.push(Number((value >> BigInt(8 * index)) & 255n));
    }
  }

  patch(at: number, value: bigint, byteCount: number): void {
    for (let index = 0; index < byteCount; index++) {
      this.list[at + index] = Number((value >> BigInt(8 * index)) & 255n);
    }
  }

  putText(text: string): void {
    const end = text.indexOf("\0");
    for (const character of end < 0 ? text : text.slice(0, end)) {
      this.list.push(character.charCodeAt(0));
    }
    this.list.push(0);
  }

  putVint(value: bigint): void {
    const byteCount = value <= 252n ? 0 : value <= 0xffffn ? 2 : value < 2n ** 31n ? 4 : 8;
    const tag = { 0: value, 2: 253n, 4: 254n, 8: 255n }[byteCount];
    this.put(tag ?? 0n, 1);
    this.put(value, byteCount);
  }
}
