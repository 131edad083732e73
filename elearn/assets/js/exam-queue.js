// Delivers answers: only what is not acknowledged, one request in flight, in any weather.
// An answer counts as saved when the server says so, and not before.
import { keyOf, read, write } from "./exam-journal.js";

const TIMEOUT_MS = 8000;
const newId = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
const clockText = (iso) =>
  new Date(iso).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

/** `of`: data-* of the page. `on`: change(), reply(seq, added), remaining(ms), refused(place, why). */
export class Queue {
  constructor(of, csrf, on) {
    Object.assign(this, { of, csrf, on, key: keyOf(of), pending: new Map(), flags: null });
    Object.assign(this, { busy: false, fails: 0, lock: "", kept: true, saved: of.saved || "", seq: +of.seq || 0 });
    const left = read(this.key);
    if (left) {
      for (const [place, entry] of left.entries || []) this.pending.set(place, entry);
      this.flags = left.flags || null;
    }
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.flush(true) : this.back()));
    addEventListener("pagehide", () => this.flush(true));
    addEventListener("pageshow", (event) => event.persisted && this.back());
  }

  get waiting() {
    return new Set([...this.pending.values()].map((entry) => entry.item)).size;
  }

  get dirty() {
    return this.pending.size > 0 || this.flags !== null;
  }

  put(item, part, value, delay) {
    this.pending.set(`${item}-${part}`, { event_id: newId(), item, part, value });
    this.keep();
    this.later(delay);
  }

  putFlags(flags) {
    this.flags = flags;
    this.keep();
    this.later(400);
  }

  keep() {
    this.kept = write(this.key, [...this.pending], this.flags);
    this.on.change();
  }

  later(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), ms);
  }

  retry() {
    this.fails = 0;
    this.flush();
  }

  /** Back on the page: the clock, a fresh token, what another device has saved - then deliver. */
  async back() {
    await this.sync();
    this.retry();
  }

  async sync() {
    try {
      const response = await this.call(this.of.state, { headers: { Accept: "application/json" } });
      if (response.status === 401 || response.status === 403) return this.stop("login");
      if (!response.ok) return undefined;
      const state = await response.json();
      this.csrf = state.csrf;
      this.on.remaining(state.remaining_ms);
      if (this.on.heard) this.on.heard(state);
      if (state.state === "SUBMITTED") return this.stop("closed");
      if (this.lock === "login") this.lock = "";
      if (state.seq !== this.seq) this.on.elsewhere(state);
      this.seq = state.seq;
    } catch (error) {
      this.fails += 1;
    }
    this.on.change();
    return undefined;
  }

  async flush(leaving) {
    if (this.busy || this.lock || !this.dirty) return;
    const sent = [...this.pending.values()];
    const flags = this.flags;
    const body = { events: sent, csrf: this.csrf };
    if (flags) body.flags = flags;
    this.busy = true;
    this.on.change();
    try {
      const response = await this.call(this.of.save, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrf },
        body: JSON.stringify(body),
        keepalive: Boolean(leaving),
      });
      await this.answer(response, sent, flags);
    } catch (error) {
      this.fails += 1;
    }
    this.busy = false;
    this.on.change();
    if (this.dirty && !this.lock) this.later(this.pause());
  }

  async answer(response, sent, flags) {
    if (response.ok) return this.acknowledged(await response.json(), sent.length, flags);
    const error = await response.json().then((body) => body.error || {}, () => ({}));
    if (response.status === 401 || response.status === 403) return this.stop("login");
    if (response.status === 409) return this.stop("other");
    if (response.status === 410 || response.status === 404) return this.stop("closed");
    this.fails += 1;
    this.wait = 1000 * (+response.headers.get("Retry-After") || 0);
    if (error.code === "E-CSRF") await this.sync();
    for (const [place, entry] of this.pending) {
      const why = error.rejected && error.rejected[entry.event_id];
      if (!why) continue;
      this.pending.delete(place);
      this.on.refused(entry, why);
    }
    return this.keep();
  }

  acknowledged(reply, count, flags) {
    const acked = new Set(reply.acked);
    for (const [place, entry] of this.pending) if (acked.has(entry.event_id)) this.pending.delete(place);
    if (this.flags === flags) this.flags = null;
    this.fails = 0;
    this.wait = 0;
    this.saved = clockText(reply.server_time);
    const foreign = reply.seq > this.seq + count;
    this.seq = reply.seq;
    this.keep();
    this.on.remaining(reply.remaining_ms);
    if (this.on.heard) this.on.heard(reply);
    if (foreign) {
      this.seq = -1;
      this.sync();
    }
  }

  stop(why) {
    this.lock = why;
    this.on.change();
  }

  pause() {
    if (!this.fails) return 50;
    return Math.max(this.wait || 0, Math.min(30000, 1000 * 2 ** this.fails)) * (0.75 + Math.random() / 2);
  }

  async call(url, options) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    try {
      return await fetch(url, { cache: "no-store", credentials: "same-origin", signal: abort.signal, ...options });
    } finally {
      clearTimeout(timer);
    }
  }
}
