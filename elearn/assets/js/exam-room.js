// What happens around the paper: pauses, more time, messages, and the record of leaving the page.
// Everything here is extra: without it the answers are saved all the same.
const POLL_MS = 12000;
const IDLE_MS = 30000; // no touch for this long before the page went away: perhaps the screen lock
const $ = (id) => document.getElementById(id);
const store = (key, value) => {
  try {
    if (value === undefined) return JSON.parse(localStorage.getItem(key)) || {};
    localStorage.setItem(key, JSON.stringify(value));
  } catch (error) {
    // Then a leave that was not delivered yet is forgotten with the page.
  }
  return value || {};
};
const span = (ms) => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} 秒` : `${Math.floor(seconds / 60)} 分 ${seconds % 60} 秒`;
};

/** `form`: the paper. `queue`: csrf, dirty, wait. `clock`: anchor(ms), hold(ms or null). */
export function joinRoom(form, queue, clock, say) {
  const room = $("room");
  let news = -1; // the first answer brings everything, also what an earlier page counted
  let waiting = 0;
  let paused = false;
  let timer;

  const log = leaveLog({ ...form.dataset, ...room.dataset }, () => queue.csrf, () => paused);

  function pause(on, why, left) {
    $("paused").hidden = !on;
    form.hidden = on;
    $("bar").hidden = on;
    $("open-card").hidden = on;
    $("paused-why").textContent = why || "";
    clock.hold(on ? left : null);
    if (on === paused) return;
    paused = on;
    if (on) {
      if ($("card").open) $("card").close();
      queue.flush();
      $("paused").focus();
    } else {
      const legend = form.querySelector(".question:not([hidden]) legend");
      if (legend) legend.focus({ preventScroll: true });
    }
    say(on ? "考试已暂停，计时已停" : "考试继续");
  }

  function notice({ id, text, at, read }) {
    const old = room.querySelector(`[data-id="${id}"]`);
    if (read) return old && old.remove();
    if (old) return undefined;
    const box = document.createElement("form");
    box.className = "note notice";
    box.dataset.id = id;
    const words = document.createElement("p");
    const head = document.createElement("strong");
    head.textContent = `监考消息 ${new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" })}`;
    words.append(head, ` ${text}`);
    const button = document.createElement("button");
    button.className = "btn";
    button.textContent = "知道了";
    box.append(words, button);
    return room.append(box);
  }
  room.addEventListener("submit", async (event) => {
    event.preventDefault();
    const box = event.target;
    try {
      const response = await post(room.dataset.read.replace(/0$/, box.dataset.id), {}, queue.csrf);
      if (response.ok) box.remove();
    } catch (error) {
      say("网络不稳，请稍后再点");
    }
  });

  function count({ count: times, away_ms: away }) {
    const line = $("leaves");
    line.hidden = !times;
    line.textContent = `离开 ${times} 次，共 ${span(away)}`;
  }

  /** Every reply about the attempt comes here: of a save, of the state, of a poll. */
  function heard(reply) {
    if (reply.remaining_ms !== undefined) clock.anchor(reply.remaining_ms);
    if (reply.messages) {
      news = reply.news;
      reply.messages.forEach(notice);
      count(reply.leaves);
    }
    if (reply.paused !== undefined && (!reply.paused || reply.pause_reason !== undefined)) {
      pause(reply.paused, reply.pause_reason, reply.remaining_ms);
    }
    if (reply.news === undefined) return;
    later(String(reply.news) === String(news) ? POLL_MS : Math.random() * 1500);
  }

  async function poll() {
    let pause_ms = 0;
    if (!document.hidden && !queue.lock) {
      try {
        const oldest = waiting ? Math.round(performance.now() - waiting) : 0;
        const response = await fetch(`${room.dataset.url}?seen=${news}&oldest=${oldest}`, { cache: "no-store", headers: { Accept: "application/json" } });
        const reply = response.ok ? await response.json() : {};
        if (response.ok) heard(reply);
        if (reply.state === "SUBMITTED") queue.sync(); // ended by somebody else: the page says so
        pause_ms = 1000 * (+response.headers.get("Retry-After") || 0);
        const counted = await log.deliver();
        if (counted) count(counted);
      } catch (error) {
        // The save queue tells about the network.
      }
    }
    later(Math.max(pause_ms, POLL_MS * (0.85 + Math.random() * 0.3)));
  }
  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(poll, ms);
  }

  // Since when something has been waiting for the server.
  setInterval(() => {
    waiting = queue.dirty ? waiting || performance.now() : 0;
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    if (log.back() && room.dataset.rule === "REMIND") say("您刚才离开了考试页面，已记录");
    later(300);
  });
  later(1000);
  return heard;
}

const post = (url, body, csrf) =>
  fetch(url, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf }, body: JSON.stringify(body) });
const keyOf = ({ person, attempt }) => `elearn:leave:${person}:${attempt}`;

/** The attempt is closed: what this phone noted about it goes. */
export function forgetLeaves(of) {
  try {
    localStorage.removeItem(keyOf(of));
  } catch (error) {
    // Nothing was kept then.
  }
}

/** The page of an attempt that stands: back to the paper when it goes on. */
export function waitForResume(box) {
  const ask = async () => {
    try {
      const response = await fetch(`${box.dataset.url}?seen=-1`, { cache: "no-store", headers: { Accept: "application/json" } });
      if (response.ok && !(await response.json()).paused) location.reload();
    } catch (error) {
      // Asked again below.
    }
    setTimeout(ask, POLL_MS * (0.85 + Math.random() * 0.3));
  };
  setTimeout(ask, POLL_MS);
}

/** The check before handing in: an own page, so being there is no leave. */
export function watchLeaves(form) {
  const log = leaveLog(form.dataset, () => form.querySelector("[name=csrf_token]").value, () => false);
  const deliver = () => log.deliver().catch(() => undefined);
  document.addEventListener("visibilitychange", () => !document.hidden && log.back() && deliver());
  deliver();
}

/** Leaves not delivered yet, in localStorage: what was open when the page died is a gap. The check
    before handing in keeps the same log, so that going there is no leave. */
export function leaveLog(of, csrf, resting) {
  const key = keyOf(of);
  const kept = store(key);
  const log = { done: kept.done || [] };
  let open = kept.open || null;
  let touched = Date.now();
  const keep = () => store(key, { done: log.done, open });
  const leave = (kind) => {
    if (resting() || open) return;
    const at = Date.now();
    open = { at, kind, lock: at - touched > IDLE_MS };
    keep();
  };
  /** Visible again: was it long enough to count? */
  log.back = () => {
    if (!open) return false;
    const ms = Math.max(0, Date.now() - open.at);
    const long = ms >= 1000 * of.min;
    if (long) log.done.push({ id: `${open.at.toString(36)}-${Math.random().toString(36).slice(2, 10)}x`, at: open.at, ms, kind: open.kind, lock: open.lock });
    open = null;
    keep();
    return long;
  };
  /** To the server, which answers with the count the candidate sees. */
  log.deliver = async () => {
    const now = Date.now();
    const leaves = log.done.slice(0, 50).map(({ id, at, ms, kind, lock }) => ({ id, kind, ago: Math.max(0, now - at), ms, lock }));
    if (!leaves.length) return undefined;
    const response = await post(of.leaves, { leaves }, csrf());
    if (!response.ok && response.status !== 410 && response.status !== 422) return undefined;
    const sent = leaves.map((each) => each.id);
    log.done = log.done.filter((each) => !sent.includes(each.id));
    keep();
    return response.ok ? (await response.json()).leaves : undefined;
  };
  // A page that goes away is not left by hiding: whatever comes next (a reload, the check before
  // handing in, a crash) is a gap, and a short one is nothing.
  document.addEventListener("visibilitychange", () => document.hidden && leave("LEAVE"));
  addEventListener("pagehide", () => {
    if (open) open.kind = "GAP";
    else leave("GAP");
    keep();
  });
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  if (open) open.kind = "GAP";
  log.back();
  return log;
}
