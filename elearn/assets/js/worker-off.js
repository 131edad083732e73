// What phones that have a service worker get once it was switched off (ELEARN_SERVICE_WORKER=0): it
// takes everything away, itself at last. No page is reloaded.
self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => {
  const leave = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith("elearn-offline-")).map((name) => caches.delete(name)));
    await self.registration.unregister();
  };
  event.waitUntil(leave());
});
