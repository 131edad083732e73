// The monitor: the same page fetched again, its figures swapped in. Rests while hidden.
const LATE_MS = 15000;

export function watch(box) {
  const every = 1000 * (+box.dataset.every || 0);
  if (!every) return;
  let heard = Date.now();
  let said = 0;
  const live = () => document.getElementById("monitor-live");

  async function refresh() {
    if (document.hidden || box.contains(document.activeElement)) return;
    try {
      const response = await fetch(location.href, { cache: "no-store", headers: { Accept: "text/html" } });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.getElementById("monitor");
      const scroll = box.querySelector(".scroll");
      const at = scroll ? [scroll.scrollLeft, scroll.scrollTop] : [0, 0];
      box.replaceChildren(...fresh.childNodes);
      const now = box.querySelector(".scroll");
      if (now) [now.scrollLeft, now.scrollTop] = at;
      heard = Date.now();
      if (heard - said > 60000) {
        said = heard;
        live().textContent = [...box.querySelectorAll(".tiles > div")].map((tile) => tile.textContent.trim().replace(/\s+/g, " ")).join("，");
      }
    } catch (error) {
      if (Date.now() - heard > LATE_MS) live().className = "note warn";
      if (Date.now() - heard > LATE_MS) live().textContent = "监控数据延迟，考试不受影响。";
    }
  }
  setInterval(refresh, every);
}
