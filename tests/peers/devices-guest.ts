/**
 * A guest under `wmon run` that uses everything: files, a qcow2 image as block device, a listening
 * socket, memory, logs, a memory trace. What dashboards, rules and Telegraf are tried on.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { createImage } from "../../host/platforms/node-image.js";
import { createQcow } from "../../host/qcow/create.js";
import { guestPath } from "../guests/guest.js";
import { Wmon } from "../host/wmon.js";

/** The guest's name among the test guests. */
export const DEVICES = "c-devices";

const IMAGE_BYTES = 16 * 1024 * 1024;
const REQUEST = "ping";

/** Descriptor of the listening socket: the first after the standard streams and one directory. */
const LISTENER = "4";

/** Where a running guest is reached. */
export interface DevicesGuest {
  /** The address that Prometheus scrapes. */
  readonly instance: string;
  /** Asks the guest's server once; resolves when it has answered. */
  ask(): Promise<void>;
}

/** Starts the guest, pushing with `args`; a client reads its memory trace until the test ends. */
export async function openDevices(t: TestContext, args: readonly string[]): Promise<DevicesGuest> {
  const folder = mkdtempSync(join(tmpdir(), "wmon-"));
  const image = join(folder, "disk.qcow2");
  const file = createImage(image);
  createQcow(file, { capacityBytes: IMAGE_BYTES });
  file.close();
  const wmon = new Wmon(t, [
    ...["run", "--control", "off", "--prometheus", "tcp:127.0.0.1:0"],
    ...["--memtrace", "tcp:127.0.0.1:0", "--sampling-rate", "0.01"],
    ...["--tcplisten", "tcp:127.0.0.1:0", "--block", `disk=${image},compact`],
    ...["--dir", `${folder}::/data`, ...args],
    ...[guestPath(DEVICES), "--", "/data", LISTENER, "disk"],
  ]);
  // After the guest has ended: hooks run in this order, and it writes there.
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const isOver = wmon.ended.then(({ code }) => {
    throw new Error(`wmon ended with ${code}: ${wmon.stderr}`);
  });
  const instance = new URL(await Promise.race([wmon.metrics(), isOver])).host;
  const listener = await wmon.printed(/^wmon: tcplisten tcp:127\.0\.0\.1:(\d+)$/m);
  keepOpen(t, await wmon.memtrace());
  // One connection stays open, others come and go.
  keepOpen(t, Number(listener));
  return { instance, ask: () => ask(Number(listener)) };
}

/** Reads what comes until the test ends, or the other side does. */
function keepOpen(t: TestContext, port: number): void {
  const socket = connect(port, "127.0.0.1").resume();
  socket.on("error", () => {});
  t.after(() => socket.destroy());
}

async function ask(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1").setEncoding("utf8");
  socket.end(REQUEST);
  let answer = "";
  socket.on("data", (text: string) => {
    answer += text;
  });
  await once(socket, "close");
  assert.equal(answer, REQUEST);
}
