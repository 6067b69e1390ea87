/**
 * A Durable Object under watch. There is one of it, so that a scrape sees all of its counts and a
 * command reaches it; an alarm pushes. Bindings: PUSH_URL, CONTROL_TOKEN, FLUSH_MS, ROOM.
 */
import { DurableObject } from "cloudflare:workers";
import { createEdgeMonitor } from "wasm-monitoring/edge";
import { push } from "wasm-monitoring/edge/push";
import { serve } from "wasm-monitoring/edge/serve";
import module from "wasm-monitoring/monitor.wasm";

export class Room extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    // The object's name, so that its series go on when it is moved to another machine.
    const instance = ctx.id.toString().slice(0, 8);
    this.monitor = createEdgeMonitor({
      module,
      vmName: "room",
      instance,
      push: push(env.PUSH_URL),
      serve: serve({ token: env.CONTROL_TOKEN }),
    });
    this.visits = this.monitor.counter({ name: "visits_total", help: "Visits." });
  }

  async fetch(request) {
    if (this.monitor.owns(request)) return this.monitor.fetch(request);
    this.visits.inc();
    if ((await this.ctx.storage.getAlarm()) === null) await this.#setAlarm();
    return new Response("welcome\n");
  }

  /** Pushes; sets itself again while something waits for the receiver. */
  async alarm() {
    if (!(await this.monitor.flush())) await this.#setAlarm();
  }

  #setAlarm() {
    return this.ctx.storage.setAlarm(Date.now() + Number(this.env.FLUSH_MS ?? 10_000));
  }
}

export default {
  fetch(request, env) {
    return env.ROOM.get(env.ROOM.idFromName("only")).fetch(request);
  },
};
