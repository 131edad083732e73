// The page that stands where another one could not be reached: it goes back there by itself. A plain
// script, no module: the service worker lets requests of modules pass (worker.js).
(() => {
  const EVERY_MS = 5000;
  const byId = (id) => document.getElementById(id);
  const cookie = (name) => (document.cookie.match(`(?:^|; )${name}=(\\w+)`) || [])[1];
  const page = document.documentElement;
  page.dataset.fs = cookie("font") || "1";
  const theme = cookie("theme");
  if (theme && theme !== "auto") page.dataset.theme = theme;

  const at = location.pathname;
  let part = "elsewhere";
  if (at.includes("/attempts/")) part = "attempt";
  else if (at.includes("/exams/") && !at.includes("/manage/")) part = "lobby";
  for (const each of ["attempt", "lobby", "elsewhere"]) byId(each).hidden = each !== part;

  // Any answer will do: then the page itself can say what is wrong.
  let timer;
  async function ask() {
    clearTimeout(timer);
    try {
      await fetch(byId("again").dataset.probe, { method: "HEAD", cache: "no-store", credentials: "omit" });
      location.reload();
    } catch (error) {
      byId("said").textContent = `${new Date().toLocaleTimeString("zh-CN", { hour12: false })} 试过，还没有连上，本页会继续试。`;
    }
    timer = setTimeout(ask, EVERY_MS * (0.8 + Math.random() * 0.4));
  }
  addEventListener("online", ask);
  document.addEventListener("visibilitychange", () => document.hidden || ask());
  byId("again").onclick = (event) => {
    event.preventDefault();
    byId("said").textContent = "正在连接…";
    ask();
  };
  timer = setTimeout(ask, EVERY_MS);
})();
