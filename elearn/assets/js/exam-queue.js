// Delivers answers: only what is not acknowledged, one request in flight, in any weather.
// An answer counts as saved when the server says so, and not before.
import { Journal, newId } from "./exam-journal.js";

const TIMEOUT_MS = 8000;
const BATCH = 100;
const OTHER_TAB_MS = 4000; // the tab that made an answer delivers it; the others only if it does not
const FLAGS = "flags";
const clockText = (iso) =>
  new Date(iso).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });
const SILENT = { change() {}, left: () => 0, remaining() {}, heard() {}, refused() {}, elsewhere() {}, sibling() {}, clash() {} };
export const placeOf = (entry) => `${entry.item}-${entry.part}`;

/**
 * `of`: data-* of the page. `on`: change(), left() ms of exam time, remaining(ms), heard(reply) every
 * word of the server about the attempt, refused(entry, why),
 * elsewhere(state) another device saved, sibling(entry) another tab changed, clash(entry) two answers.
 *
 * `lock`: "" writing; "login" signed out; "other" another device writes, what is left here still
 * goes up; "closed" handed in or over, what is left still goes up and is kept for a decision;
 * "gone" the server takes nothing any more.
 */
export class Queue {
  constructor(of, csrf, on) {
    Object.assign(this, { of, csrf, on: { ...SILENT, ...on }, busy: false, fails: 0, lock: "", kept: true, since: "", flags: null });
    Object.assign(this, { saved: of.saved || "", seq: +of.seq || 0, confirmed: +of.answered || 0, notBefore: 0, count: 0, lateMs: 180000 });
    this.pending = new Map(); // event id -> entry, in the order they were made
    this.held = new Set(); // items the server took too late to count by themselves
    this.late = new Set(); // items that arrived after the deadline and count
    this.rejected = new Set(); // items with an answer the server cannot read
    this.journal = new Journal(of);
    this.born = performance.now() - (+of.elapsed || 0);
    this.take(this.journal.read());
    this.journal.watch((id, record) => this.otherTab(id, record));
    this.restored = this.journal.restore().then((found) => {
      this.device = this.journal.device;
      this.take(found);
      Object.values(found).forEach((entry) => entry.item && this.on.sibling(entry));
      this.on.change();
    });
    addEventListener("online", () => this.retry());
    document.addEventListener("visibilitychange", () => (document.hidden ? this.flush(true) : this.back()));
    addEventListener("pagehide", () => this.flush(true));
    addEventListener("pageshow", (event) => event.persisted && this.back());
  }

  // ---------------------------------------------------------------- what waits
  take(records) {
    for (const [id, record] of Object.entries(records)) {
      if (id === FLAGS) this.flags = record;
      else this.pending.set(id, record);
    }
    this.pending = new Map([...this.pending].sort((one, two) => one[1].n - two[1].n));
  }

  newest(place) {
    return [...this.pending.values()].filter((entry) => placeOf(entry) === place).pop();
  }

  get sendable() {
    return [...this.pending.values()].filter((entry) => !entry.clash);
  }

  /** Answers that wait for the person: the server has another one (`clash`: {seq, value}). */
  get clashes() {
    return [...this.pending.values()].filter((entry) => entry.clash);
  }

  /** May the person choose between two answers here? Where another device writes, too: choosing
   * the own one takes over. */
  get asks() {
    return this.open || this.lock === "other";
  }

  /** Items with an answer only this phone has. */
  get waiting() {
    return new Set(this.sendable.map((entry) => entry.item));
  }

  get dirty() {
    return this.sendable.length > 0 || this.flags !== null;
  }

  /** May this page still be written on? */
  get open() {
    return this.lock === "" || this.lock === "login";
  }

  /** A change made now. `base`: the server's event this page knows for the place. */
  put(item, part, value, delay, base) {
    const last = this.newest(`${item}-${part}`);
    // Never sent: nobody knows that id yet, so it can stand for the newer value.
    const reuse = last && !last.sent && !last.clash;
    const entry = {
      event_id: reuse ? last.event_id : newId(),
      item,
      part,
      value,
      base: base === undefined ? this.baseOf(last) : base,
      made_ms: Math.round(this.on.left()),
      n: this.number(),
    };
    if (reuse) this.pending.delete(entry.event_id);
    else if (last && last.clash) this.drop([last.event_id]); // both were shown: this is the choice
    this.pending.set(entry.event_id, entry);
    this.rejected.delete(item);
    this.keep(entry.event_id, entry);
    this.later(delay);
  }

  baseOf(last) {
    if (!last) return this.seq;
    return last.clash ? last.clash.seq : last.base;
  }

  /** Counts changes in hundredths of a second since the start: grows across reloads and tabs. */
  number() {
    this.count = Math.max(this.count + 1, Math.floor((performance.now() - this.born) / 10), 1);
    return this.count;
  }

  putFlags(flags) {
    this.flags = flags;
    this.keep(FLAGS, flags);
    this.later(400);
  }

  keep(id, record) {
    this.kept = this.journal.keep(id, record);
    this.on.change();
  }

  drop(ids) {
    ids.forEach((id) => this.pending.delete(id));
    this.journal.drop(ids);
  }

  otherTab(id, record) {
    if (record === null) {
      if (id === FLAGS) this.flags = null;
      if (this.pending.delete(id) && !document.hidden) this.sync();
    } else {
      this.take({ [id]: record });
      if (record.item && this.newest(placeOf(record)).event_id === id) this.on.sibling(record);
      if (!this.busy) this.later(OTHER_TAB_MS);
    }
    this.on.change();
  }

  // ---------------------------------------------------------------- when to send
  later(ms) {
    clearTimeout(this.timer);
    const wait = Math.max(ms, this.notBefore - performance.now());
    this.timer = setTimeout(() => this.flush(), wait);
  }

  /** The weather changed: at once, unless the server asked for a pause. */
  retry() {
    this.fails = 0;
    this.later(0);
  }

  /** Back on the page: the clock, a fresh token, what another device has saved - then deliver. */
  async back() {
    await this.restored;
    if (performance.now() >= this.notBefore) await this.sync();
    this.retry();
  }

  pause() {
    if (!this.fails) return 50;
    return Math.min(30000, 1000 * 2 ** this.fails) * (0.75 + Math.random() / 2);
  }

  failed(response) {
    this.fails += 1;
    const asked = 1000 * (+(response && response.headers.get("Retry-After")) || 0);
    if (asked) this.notBefore = performance.now() + asked * (1 + Math.random() / 4);
  }

  // ---------------------------------------------------------------- asking
  async sync() {
    try {
      const response = await this.call(`${this.of.state}?device=${this.device}`, { headers: { Accept: "application/json" } });
      if (response.status === 401 || response.status === 403) return this.stop("login");
      if (response.status === 404) return this.stop("gone");
      if (!response.ok) this.failed(response);
      else this.heard(await response.json());
    } catch (error) {
      this.fails += 1;
    }
    this.on.change();
    return undefined;
  }

  heard(state) {
    this.csrf = state.csrf;
    this.confirmed = state.saved;
    this.lateMs = state.late_ms || this.lateMs;
    this.voided = state.voided;
    this.on.remaining(state.remaining_ms);
    this.on.heard(state);
    const lease = state.lease || {};
    if (state.state === "SUBMITTED") this.lock = this.lock === "gone" ? "gone" : "closed";
    else if (lease.since && !lease.mine) this.lock = "other";
    else this.lock = "";
    this.since = lease.since ? clockText(lease.since) : "";
    if (this.lock === "closed") this.drop(this.clashes.map((entry) => entry.event_id)); // the server has both
    if (state.seq !== this.seq && state.answers) this.on.elsewhere(state);
    this.seq = state.seq;
  }

  async takeOver() {
    try {
      const response = await this.post(this.of.state.replace(/state$/, "takeover"), { csrf: this.csrf, device: this.device });
      if (response.ok) {
        this.seq = -1; // everything the other device saved is shown first
        await this.back();
        return true;
      }
      this.failed(response);
    } catch (error) {
      this.fails += 1;
    }
    this.on.change();
    return false;
  }

  // ---------------------------------------------------------------- sending
  async flush(leaving) {
    if (this.busy || (leaving && !this.device) || this.lock === "login" || this.lock === "gone" || !this.dirty) return;
    if (performance.now() < this.notBefore) {
      if (!leaving) this.later(0);
      return;
    }
    this.busy = true;
    if (!leaving) await this.restored;
    const sent = this.sendable.slice(0, BATCH);
    const { flags } = this;
    for (const entry of sent.filter((each) => !each.sent)) {
      entry.sent = true;
      this.journal.keep(entry.event_id, entry);
    }
    this.on.change();
    try {
      const response = await this.post(this.of.save, this.body(sent, flags), leaving);
      await this.answer(response, sent, flags);
    } catch (error) {
      this.fails += 1;
    }
    this.busy = false;
    this.on.change();
    if (this.dirty && this.lock !== "login" && this.lock !== "gone") this.later(this.pause());
  }

  body(sent, flags) {
    const events = sent.map(({ event_id, item, part, value, base, made_ms, n }) => ({ event_id, item, part, value, base, made_ms, n }));
    const body = { csrf: this.csrf, device: this.device, events };
    if (this.lock) body.orphan = true;
    else if (flags) body.flags = flags;
    return body;
  }

  async answer(response, sent, flags) {
    if (response.ok) return this.acknowledged(await response.json(), sent, flags);
    const error = await response.json().then((body) => ({ ...body, ...body.error }), () => ({}));
    if (error.code === "E-LEASE") return this.lost(error);
    if (response.status === 401 || response.status === 403) return this.stop("login");
    if (response.status === 410) return this.over(error);
    if (response.status === 404) return this.stop("gone");
    this.failed(response);
    if (error.code === "E-CSRF") await this.sync();
    if (error.code === "E-EVENT") this.renew(sent);
    for (const entry of sent) {
      const why = error.rejected && error.rejected[entry.event_id];
      if (!why) continue;
      this.drop([entry.event_id]);
      this.rejected.add(entry.item);
      this.on.refused(entry, why);
    }
    return undefined;
  }

  /** Another device writes. What this one still has goes up as it is and never replaces anything newer. */
  lost(error) {
    this.lock = "other";
    this.since = error.holder_since ? clockText(error.holder_since) : "";
    this.dropFlags();
  }

  /** Over: asked once more as a latecomer; when that is refused too, nothing is taken any more. */
  over() {
    const again = this.lock === "";
    this.lock = again ? "closed" : "gone";
    this.dropFlags();
    return again ? this.sync() : undefined;
  }

  dropFlags() {
    this.flags = null;
    this.drop([FLAGS]);
  }

  /** Another tab used these ids for an older value a moment ago: give them new ones. */
  renew(sent) {
    for (const entry of sent) {
      this.drop([entry.event_id]);
      const again = { ...entry, event_id: newId(), sent: false };
      this.pending.set(again.event_id, again);
      this.journal.keep(again.event_id, again);
    }
  }

  acknowledged(reply, sent, flags) {
    const acked = new Set(reply.acked);
    const statuses = reply.statuses || {};
    const done = sent.filter((entry) => acked.has(entry.event_id));
    for (const { event_id, item } of done) {
      if (statuses[event_id] === "HELD") this.held.add(item);
      if (statuses[event_id] === "LATE") this.late.add(item);
    }
    const beaten = this.asks ? done.filter((entry) => statuses[entry.event_id] === "CONFLICT") : [];
    const last = beaten.filter((entry) => this.newest(placeOf(entry)).event_id === entry.event_id);
    this.drop(done.filter((entry) => !last.includes(entry)).map((entry) => entry.event_id));
    if (this.flags === flags && flags) this.dropFlags();
    this.fails = 0;
    this.notBefore = 0;
    this.saved = clockText(reply.server_time);
    this.confirmed = reply.saved;
    const foreign = reply.seq > this.seq + done.length;
    if (!foreign) this.seq = reply.seq;
    this.on.remaining(reply.remaining_ms);
    this.on.heard(reply);
    for (const entry of last) {
      entry.clash = (reply.conflicts || {})[placeOf(entry)] || { seq: reply.seq, value: null };
      this.keep(entry.event_id, entry);
      this.on.clash(entry);
    }
    if (foreign) this.sync();
  }

  /** The person chose: the own answer anew, knowing the other one; or the other one. */
  settle(entry, mine) {
    const { item, part, value, clash } = entry;
    const place = placeOf(entry);
    this.drop([...this.pending.values()].filter((each) => placeOf(each) === place).map((each) => each.event_id));
    if (mine) this.put(item, part, value, 0, clash.seq);
    this.on.change();
  }

  stop(why) {
    this.lock = why;
    this.on.change();
  }

  post(url, body, leaving) {
    const text = JSON.stringify(body);
    return this.call(url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.csrf },
      body: text,
      keepalive: Boolean(leaving) && text.length < 20000, // 64 KB at most, in UTF-8
    });
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
