/**
 * Opening and closing listeners in any order, and addresses as programs without types give them.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { type Address, createMonitor, MonitorError } from "../../host/index.js";
import type { Listener } from "../../host/platform.js";
import { nodePlatform } from "../../host/platforms/node.js";

const LOCAL = "tcp:127.0.0.1:0";

/** The real platform, which remembers the listeners that it opened. */
function remembering() {
  const opened: Address[] = [];
  const remember = (listener: Listener) => {
    opened.push(listener.address);
    return listener;
  };
  const platform = {
    ...nodePlatform,
    listen: async (...given: Parameters<NonNullable<typeof nodePlatform.listen>>) =>
      remember((await nodePlatform.listen?.(...given)) as Listener),
    serveHttp: async (...given: Parameters<NonNullable<typeof nodePlatform.serveHttp>>) =>
      remember((await nodePlatform.serveHttp?.(...given)) as Listener),
  };
  return { opened, platform };
}

function isReachable(address: Address): Promise<boolean> {
  const { port, host } = address as Address & { kind: "tcp" };
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

test("a listener that is being opened when the monitor closes is closed too", async () => {
  const { opened, platform } = remembering();
  const monitor = await createMonitor({ platform });
  const openings = [monitor.openControl(LOCAL), monitor.openPrometheus(LOCAL)];
  await Promise.all([monitor.close(), ...openings.map((opening) => opening.catch(() => {}))]);
  for (const address of opened) assert.equal(await isReachable(address), false);
});

test("of listeners opened at the same time none is left open", async () => {
  const { opened, platform } = remembering();
  const monitor = await createMonitor({ platform });
  await Promise.all([LOCAL, LOCAL, LOCAL].map((address) => monitor.openControl(address)));
  assert.equal(opened.length, 3);
  const reachable = await Promise.all(opened.map(isReachable));
  assert.deepEqual(reachable, [false, false, true]);
  await monitor.close();
  assert.equal(await isReachable(opened[2] as Address), false);
});

test("after close nothing opens", async () => {
  const monitor = await createMonitor({ control: LOCAL });
  await monitor.close();
  await assert.rejects(() => monitor.openPrometheus(LOCAL), hasCode("CLOSED"));
  await assert.rejects(() => monitor.startPush(["tcp://127.0.0.1:1"]), hasCode("CLOSED"));
});

test("a port given as a number is that port, on loopback only", async () => {
  const monitor = await createMonitor({ prometheus: 0 as unknown as string, unref: true });
  const { prometheus } = monitor.addresses;
  assert.equal(prometheus?.kind === "tcp" && prometheus.host, "127.0.0.1");
  await monitor.close();
});

for (const address of [
  { kind: "tcp", port: 0 },
  { kind: "tcp", host: "", port: 0 },
  { kind: "tcp", host: "127.0.0.1" },
  { kind: "tcp", host: "127.0.0.1", port: Number.NaN },
  { kind: "unix" },
  {},
  null,
  Number.NaN,
]) {
  test(`address ${JSON.stringify(address)} is refused`, async () => {
    const monitor = await createMonitor({ unref: true });
    const given = address as unknown as Address;
    await assert.rejects(() => monitor.openPrometheus(given), hasCode("ADDRESS_INVALID"));
    await assert.rejects(() => monitor.openControl(given), hasCode("ADDRESS_INVALID"));
    await monitor.close();
  });
}

for (const receiver of [undefined, null, {}, 5, "http://u:%@127.0.0.1/write?db=d"]) {
  test(`push receiver ${JSON.stringify(receiver)} is refused`, async () => {
    const push = [receiver] as unknown as string[];
    await assert.rejects(() => createMonitor({ push }), hasCode("ADDRESS_INVALID"));
  });
}

for (const options of [
  { timestamps: "ms" },
  { timestamps: "" },
  { unsigned: "U" },
  { seriesTtlMs: -1 },
]) {
  test(`option ${JSON.stringify(options)} is refused`, async () => {
    await assert.rejects(() => createMonitor(options as object), hasCode("OPTION_INVALID"));
  });
}

function hasCode(code: string) {
  return (error: unknown) => error instanceof MonitorError && error.code === code;
}
