// The countdown: what the server said is left, minus what this device has seen pass since. The
// device's own idea of the time is never asked.
const WARN_AT = [30, 10, 5, 1];
const two = (number) => String(number).padStart(2, "0");

export class Clock {
  /** `on`: say(text) at thresholds, over() once at zero, resumed() when the server gave more time. */
  constructor(element, remaining, on) {
    Object.assign(this, { element, on, over: false, said: new Set() });
    this.anchor(remaining, true);
    setInterval(() => this.tick(), 1000);
  }

  anchor(ms, quiet) {
    if (!Number.isFinite(ms)) return;
    this.end = performance.now() + ms;
    if (quiet) WARN_AT.filter((minutes) => ms <= minutes * 60000 - 5000).forEach((minutes) => this.said.add(minutes));
    this.tick();
  }

  /** The clock stands at `ms`; null lets it go on. */
  hold(ms) {
    this.held = ms === null ? undefined : ms;
    this.tick();
  }

  /** Milliseconds; negative once it is over. */
  get left() {
    return this.held === undefined ? this.end - performance.now() : this.held;
  }

  get seconds() {
    return Math.max(this.held === undefined ? 0 : 1, Math.ceil(this.left / 1000));
  }

  words() {
    const { seconds } = this;
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor(seconds / 60) % 60;
    if (hours) return `还剩 ${hours} 小时 ${minutes} 分`;
    return minutes ? `还剩 ${minutes} 分 ${seconds % 60} 秒` : `还剩 ${seconds} 秒`;
  }

  tick() {
    const { seconds } = this;
    const hours = Math.floor(seconds / 3600);
    this.element.textContent = (hours ? `${hours}:` : "") + two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
    this.element.className = seconds <= 300 ? "tag warn" : "tag";
    const due = WARN_AT.filter((minutes) => seconds <= minutes * 60 && !this.said.has(minutes));
    due.forEach((minutes) => this.said.add(minutes));
    if (due.length && seconds) this.on.say(`还剩 ${due[due.length - 1]} 分钟`);
    if (!seconds && !this.over) {
      this.over = true;
      this.on.over();
    } else if (seconds && this.over) {
      this.over = false;
      this.on.resumed();
    }
  }
}
