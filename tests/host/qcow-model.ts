/**
 * A qcow2 device beside a plain array: random operations on both, which must always agree.
 */
import assert from "node:assert/strict";
import type { BlockDevice } from "../../host/block/device.js";
import type { ImageFile } from "../../host/block/image-file.js";
import type { QcowDevice } from "../../host/qcow/device.js";
import { type OpenQcowOptions, openQcow } from "../../host/qcow/open.js";
import type { Random } from "../wasm/random.js";

const SECTOR = 512;

export type Operation = "write" | "read" | "discard" | "flush" | "compact" | "reopen";

/** How often each is drawn. */
const OPERATIONS: readonly [Operation, ...Operation[]] = [
  "write",
  "write",
  "write",
  "write",
  "read",
  "read",
  "discard",
  "discard",
  "flush",
  "compact",
  "reopen",
];

/** The device, and what it must read as. */
export class Model {
  device: QcowDevice;
  /** What the disk reads as now. */
  readonly disk: Uint8Array;
  /** What was done, for a message. */
  readonly story: string[] = [];
  /** Bytes of an operation at most. */
  spanMax: number;

  private readonly openFile: () => ImageFile;

  constructor(
    file: ImageFile | (() => ImageFile),
    private readonly random: Random,
    lower: Uint8Array = new Uint8Array(0),
    private readonly options: OpenQcowOptions = {},
  ) {
    this.openFile = typeof file === "function" ? file : () => file;
    this.device = openQcow(this.openFile(), options);
    this.disk = new Uint8Array(this.device.capacityBytes);
    this.disk.set(lower.subarray(0, this.disk.length));
    this.spanMax = Math.min(this.disk.length, this.device.header.clusterBytes * 6);
  }

  /** Does one random operation on both. */
  step(operation: Operation = this.random.pick(OPERATIONS)): Operation {
    const [offset, byteCount] = this.drawSpan();
    this.story.push(`${operation} ${offset}+${byteCount}`);
    if (operation === "write") this.write(offset, byteCount);
    else if (operation === "read") this.assertReads(this.device, offset, byteCount);
    else if (operation === "discard") this.discard(offset, byteCount);
    else if (operation === "flush") this.device.flush();
    else if (operation === "compact") this.device.compact(1 + this.random.below(20));
    else this.reopen();
    return operation;
  }

  reopen(): void {
    this.device.close();
    this.device = openQcow(this.openFile(), this.options);
  }

  /** The whole disk reads as it must. */
  assertAll(device: BlockDevice = this.device): void {
    this.assertReads(device, 0, this.disk.length);
  }

  private write(offset: number, byteCount: number): void {
    const source = new Uint8Array(byteCount);
    for (let at = 0; at < byteCount; at += 64) source[at] = this.random.below(256);
    source.fill(1 + this.random.below(255), 0, Math.min(8, byteCount));
    this.device.write(offset, source);
    this.disk.set(source, offset);
  }

  private discard(offset: number, byteCount: number): void {
    this.device.discard(offset, byteCount);
    this.disk.fill(0, offset, offset + byteCount);
  }

  private assertReads(device: BlockDevice, offset: number, byteCount: number): void {
    const target = new Uint8Array(byteCount).fill(0xee);
    device.read(offset, target);
    const expected = this.disk.subarray(offset, offset + byteCount);
    const at = differenceAt(target, expected);
    assert.ok(at < 0, `byte ${offset + at}: ${target[at]}, not ${expected[at]}\n${this.tell()}`);
  }

  /** What was done. */
  tell(): string {
    return this.story.slice(-40).join("\n");
  }

  /** Mostly short spans, sometimes whole clusters, sometimes up to the end. */
  private drawSpan(): [offset: number, byteCount: number] {
    const { random, disk } = this;
    const { clusterBytes } = this.device.header;
    const isWhole = random.below(3) === 0;
    const unit = isWhole ? Math.min(clusterBytes, disk.length) : SECTOR;
    const most = Math.max(1, Math.floor(this.spanMax / unit));
    const offset = random.below(Math.ceil(disk.length / unit)) * unit;
    const drawn = (1 + random.below(random.below(4) === 0 ? most : Math.min(most, 8))) * unit;
    return [offset, Math.min(drawn, disk.length - offset)];
  }
}

/** First byte that differs, or -1. */
export function differenceAt(one: Uint8Array, other: Uint8Array): number {
  if (Buffer.compare(one, other) === 0) return -1;
  return one.findIndex((byte, index) => byte !== other[index]);
}
