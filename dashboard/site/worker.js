/* Keeps what was opened, so that it opens again without a network. Files that are named after their content never
   change; pages are asked for anew when there is a network. A new version of the site has a new cache. */

const VERSION = "point-or-cloud-@version@";
/** @type {string[]} */
const FIRST = ["@first@"];
const worker = /** @type {any} */ (self);
const KEPT = /\/(media|data|assets)\//;

worker.addEventListener("install", (/** @type {any} */ event) =>
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll(FIRST))
      .then(() => worker.skipWaiting()),
  ),
);
worker.addEventListener("activate", (/** @type {any} */ event) =>
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith("point-or-cloud-") && name !== VERSION)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => worker.clients.claim()),
  ),
);

/**
 * The answer to a page's request. The browser may stop this worker once that was given, but not before it is kept.
 * @param {any} event
 */
async function answer(event) {
  const { request } = event;
  const cache = await caches.open(VERSION);
  const name = request.url.split("?")[0];
  const known = await cache.match(name);
  if (known && KEPT.test(new URL(name).pathname)) return known;
  try {
    const fresh = await fetch(request);
    if (fresh.ok && fresh.type === "basic") event.waitUntil(cache.put(name, fresh.clone()));
    return fresh;
  } catch (error) {
    if (known) return known;
    throw error;
  }
}

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(worker.registration.scope)) return;
  event.respondWith(answer(event));
});
