// The service worker answers one thing: a page somebody asked for that cannot be reached gets the
// offline page. It keeps that page and the two files it needs, nothing else: no paper, no key, no
// score, no page of a person. It never sees a POST through, nor holds one back, and a browser without
// service workers misses nothing but the offline page (docs/decisions/0019).
//
// `self.SHELL` is written above this text by the server (elearn/web/offline.py):
// {cache: its name, which changes with the content; page, files: addresses}.
const { cache, page, files } = self.SHELL;
const FAMILY = "elearn-offline-";
const ignoreVary = true; // what is kept was fetched without cookies

// A save never waits for the worker to wake up: these go to the network without asking it.
const PAST_US = { condition: { or: [{ requestMethod: "POST" }, { requestMode: "cors" }] }, source: "network" };

async function keep() {
  const kept = await caches.open(cache);
  await Promise.all(
    files.map(async (file) => {
      const response = await fetch(file, { cache: "reload", credentials: "omit" });
      if (!response.ok || response.redirected) throw new Error(`${file}: ${response.status}`);
      await kept.put(file, response);
    }),
  );
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  // Nothing changes under the feet of somebody who is answering; then it waits for the next start.
  if (!open.some((each) => each.url.includes("/attempts/"))) await self.skipWaiting();
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(FAMILY) && name !== cache).map((name) => caches.delete(name)));
  // The page is on its way while the worker wakes up.
  if (self.registration.navigationPreload) await self.registration.navigationPreload.enable();
}

async function reach(event) {
  try {
    return (await event.preloadResponse) || (await fetch(event.request));
  } catch (error) {
    const kept = await caches.match(page, { cacheName: cache, ignoreVary });
    if (!kept) throw error;
    return kept;
  }
}

self.addEventListener("install", (event) => {
  if (event.addRoutes) event.waitUntil(event.addRoutes(PAST_US).catch(() => undefined));
  event.waitUntil(keep());
});
self.addEventListener("activate", (event) => event.waitUntil(tidy()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(reach(event));
  else if (files.includes(new URL(request.url).pathname)) {
    const answer = async () => (await caches.match(request, { cacheName: cache, ignoreVary })) || fetch(request);
    event.respondWith(answer());
  }
});
