/**
 * A guest that does to one block device what it is told: NAME, then operations, each of them one
 * word. A line follows each:
 *
 *   info                       `info STATUS CAPACITY SECTOR rw` (or `ro`)
 *   write:OFFSET:BYTES:FILL    every byte is FILL, `write STATUS`
 *   read:OFFSET:BYTES          `read STATUS FNV`, the 32-bit FNV-1a of what was read
 *   discard:OFFSET:BYTES       `discard STATUS`
 *   flush                      `flush STATUS`
 *   wait                       reads a byte of standard input, `wait`
 *   churn                      writes and discards for ever, but for the last 64 KiB
 *   trap, exit:CODE            end
 */
import { BlockDevice } from "../../../assembly/guest";
import { fail, parseArguments, print } from "../../../examples/census/system";
import { fd_read, proc_exit } from "../../../examples/census/wasi_snapshot_preview1";

const words = parseArguments();
const device = new BlockDevice(words.length > 0 ? words[0] : "");
const IOV = memory.data(8);
const COUNT = memory.data(4);
const BYTE = memory.data(1);

for (let i = 1; i < words.length; i++) act(words[i].split(":"));

function act(parts: string[]): void {
  const verb = parts[0];
  const offset: u64 = parts.length > 1 ? <u64>I64.parseInt(parts[1]) : 0;
  const byteCount: u64 = parts.length > 2 ? <u64>I64.parseInt(parts[2]) : 0;
  const fill: u8 = parts.length > 3 ? U8.parseInt(parts[3]) : 0;
  if (verb === "info") printInfo();
  else if (verb === "write") print(`write ${device.write(offset, filled(byteCount, fill))}`);
  else if (verb === "read") printRead(offset, byteCount);
  else if (verb === "discard") print(`discard ${device.discard(offset, byteCount)}`);
  else if (verb === "flush") print(`flush ${device.flush()}`);
  else if (verb === "wait") wait();
  else if (verb === "churn") churn();
  else if (verb === "trap") unreachable();
  else if (verb === "exit") proc_exit(<u32>offset);
  else fail(2, `no such operation: ${verb}`);
}

function printInfo(): void {
  const mode = device.isReadonly ? "ro" : "rw";
  print(`info ${device.status} ${device.capacityBytes} ${device.sectorBytes} ${mode}`);
}

function printRead(offset: u64, byteCount: u64): void {
  const target = filled(byteCount, 0xee);
  const status = device.read(offset, target);
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < target.length; i++) hash = (hash ^ target[i]) * 0x01000193;
  print(`read ${status} ${hash}`);
}

function filled(byteCount: u64, fill: u8): Uint8Array {
  return new Uint8Array(<i32>byteCount).fill(fill);
}

function wait(): void {
  store<u32>(IOV, <u32>BYTE);
  store<u32>(IOV, 1, 4);
  fd_read(0, IOV, 1, COUNT);
  print("wait");
}

function churn(): void {
  const span: u64 = 65536;
  const source = filled(span, 7);
  for (let round: u64 = 0; ; round++) {
    const offset = ((round * 7) % (device.capacityBytes / span - 1)) * span;
    device.write(offset, source);
    if (round % 3 === 0) device.discard(offset, span);
    if (round % 16 === 0) device.flush();
  }
}
