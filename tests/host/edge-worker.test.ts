/**
 * What a Worker and a Durable Object count, push and answer, request after request.
 */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openReceiver, type Received, type Receiver } from "../conformance/receiver.js";
import { openExample, openScript, withoutWorkerd } from "./edge-worker.js";
import { eventually } from "./until.js";

const TOKEN = "s3cret";
const skip = withoutWorkerd();
/** Makes its monitor as the script loads. */
const EARLY = `
  import { createEdgeMonitor } from "wasm-monitoring/edge";
  import module from "wasm-monitoring/monitor.wasm";
  let answer = "made";
  try {
    createEdgeMonitor({ module });
  } catch ({ code, message }) {
    answer = code + ": " + message;
  }
  export default { fetch: () => new Response(answer) };
`;

async function receiverFor(t: TestContext): Promise<Receiver> {
  const receiver = await openReceiver();
  t.after(() => receiver.close());
  return receiver;
}

async function pushesOf({ origin }: Receiver): Promise<readonly Received[]> {
  return (await fetch(`${origin}/pushed/a`)).json() as Promise<Received[]>;
}

/** Waits until the receiver has a line. */
async function received(receiver: Receiver, line: RegExp): Promise<void> {
  let pushes: readonly Received[] = [];
  await eventually(`the receiver has ${line}`, async () => {
    pushes = await pushesOf(receiver);
    return pushes.some(({ status, text }) => status === 204 && line.test(text));
  });
}

test("a Worker's counts go on from request to request, and reach the receiver", {
  skip,
}, async (t) => {
  const receiver = await receiverFor(t);
  const bindings = { PUSH_URL: `${receiver.origin}/write/a?db=x`, CONTROL_TOKEN: TOKEN };
  const worker = await openExample("worker", bindings);
  t.after(() => worker.dispose());
  for (let request = 0; request < 5; request++) {
    const answer = await worker.dispatchFetch("http://shop/");
    assert.equal(await answer.text(), "hello\n");
  }
  const headers = { authorization: `Bearer ${TOKEN}` };
  const metrics = await worker.dispatchFetch("http://shop/_monitor/metrics", { headers });
  assert.match(await metrics.text(), /^requests_total\{method="GET"\} 5$/m);
  // The first request pushed; the others most likely came too early for it, until the cron comes.
  await received(receiver, /^requests_total,vm=shop-[0-9a-f]{8},method=GET counter=1 \d{19}$/m);
  const { outcome } = await (await worker.getWorker()).scheduled({ cron: "* * * * *" });
  assert.equal(outcome, "ok");
  await received(receiver, /^requests_total,vm=shop-[0-9a-f]{8},method=GET counter=5 \d{19}$/m);
});

test("a Worker takes commands over HTTP, with the token", { skip }, async (t) => {
  const worker = await openExample("worker", { CONTROL_TOKEN: TOKEN });
  t.after(() => worker.dispose());
  const post = async (body: string, headers = {}) =>
    worker.dispatchFetch("http://shop/_monitor/control", { method: "POST", body, headers });
  assert.equal((await post("L*:debug")).status, 401);
  const answer = await post("Mrequests_total:off\nmrequests_total", {
    authorization: `Bearer ${TOKEN}`,
  });
  assert.equal(await answer.text(), "ok\nok: requests_total:disabled\n");
});

test("a push that its request left unfinished is taken up by the next", { skip }, async (t) => {
  const receiver = await receiverFor(t);
  await fetch(`${receiver.origin}/fail/a?503`, { method: "POST" });
  const worker = await openExample("worker", { PUSH_URL: `${receiver.origin}/write/a?db=x` });
  t.after(() => worker.dispose());
  await worker.dispatchFetch("http://shop/");
  const scheduler = await worker.getWorker();
  // Each flush is a request of its own; the back-off of the first failure is half a second at most.
  await eventually("the second push", async () => {
    await scheduler.scheduled({ cron: "* * * * *" });
    return (await pushesOf(receiver)).length >= 2;
  });
  const [refused, taken] = await pushesOf(receiver);
  assert.equal(refused?.status, 503);
  const firstLine = (push: Received | undefined) =>
    /^requests_total,.*$/m.exec(push?.text ?? "")?.[0];
  assert.ok(firstLine(refused));
  assert.equal(firstLine(taken), firstLine(refused));
});

test("before the first request there is no instance's name, and the error says so", {
  skip,
}, async (t) => {
  const worker = await openScript(EARLY, {});
  t.after(() => worker.dispose());
  const answer = await (await worker.dispatchFetch("http://early/")).text();
  assert.match(answer, /^OPTION_INVALID: instance: .* make the monitor in the first request/);
});

test("a Durable Object's alarm pushes, as one instance", { skip }, async (t) => {
  const receiver = await receiverFor(t);
  const bindings = { PUSH_URL: `${receiver.origin}/write/a?db=x`, FLUSH_MS: "10" };
  const worker = await openExample("durable-object", bindings, {
    durableObjects: { ROOM: "Room" },
  });
  t.after(() => worker.dispose());
  for (let visit = 0; visit < 3; visit++) await worker.dispatchFetch("http://room/");
  await received(receiver, /^visits_total,vm=room-[0-9a-f]{8} counter=\d \d{19}$/m);
  const metrics = await worker.dispatchFetch("http://room/metrics");
  assert.match(await metrics.text(), /^visits_total 3$/m);
  const control = await worker.dispatchFetch("http://room/control", { method: "POST", body: "l" });
  assert.equal(control.status, 403);
});
