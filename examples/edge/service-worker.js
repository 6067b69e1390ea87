/**
 * The service worker of `page.js`: `/metrics` is answered by the page, where the counts are. One
 * with counts of its own answers with `monitor.fetch(event.request)` instead.
 */
import { askPage } from "wasm-monitoring/edge/page";

self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (pathname === "/metrics") event.respondWith(askPage(event.request, self.clients));
});
