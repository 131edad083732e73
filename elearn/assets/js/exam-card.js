// The answer card, and what became of each answer: 已保存 (the server said so), 本机已存 (this phone
// has it, it is on its way), 未保存 (neither).
import { filled } from "./exam-values.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const MARKS = { ok: "✓ 已保存", warn: "… 本机已存", bad: "! 未保存" };

export class Card {
  /** `questions`: their sections in order; `go(at)` shows one of them. */
  constructor(form, questions, queue, go) {
    Object.assign(this, { questions, queue, cells: [], only: "", current: 0, typing: 0 });
    this.numbers = questions.map((question) => +question.dataset.item);
    this.dialog = $("#card");
    for (const section of $$(".part", form)) this.addSection(section, go);
    $("#open-card").onclick = () => this.open();
    $("#shut").onclick = () => this.shut();
    const filters = $$("[data-only]", this.dialog);
    filters.forEach((button) => {
      button.onclick = () => {
        this.only = button.dataset.only;
        filters.forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
        this.show();
      };
    });
  }

  addSection(section, go) {
    const heading = document.createElement("h3");
    heading.textContent = section.dataset.section;
    const list = document.createElement("ol");
    list.className = "grid";
    for (const question of $$(".question", section)) {
      const entry = document.createElement("li");
      const button = document.createElement("button");
      const at = this.cells.length;
      button.type = "button";
      button.textContent = question.dataset.item;
      button.onclick = () => {
        this.shut();
        go(at);
      };
      entry.append(button);
      list.append(entry);
      this.cells.push(button);
    }
    $("#cells").append(heading, list);
  }

  open() {
    this.show();
    if (this.dialog.showModal) this.dialog.showModal();
    else this.dialog.setAttribute("open", "");
  }

  shut() {
    if (this.dialog.close) this.dialog.close();
    else this.dialog.removeAttribute("open");
  }

  flags() {
    return this.numbers.filter((_, at) => $("[name=flag]", this.questions[at]).checked);
  }

  /** "ok", "warn" (this phone only), "bad" (nowhere), "" (nothing to save). */
  fate(item, answered, waiting, torn) {
    if (this.queue.rejected.has(item) || torn.includes(item) || this.typing === item) return "bad";
    if (waiting.has(item)) return this.queue.kept ? "warn" : "bad";
    return answered ? "ok" : "";
  }

  show() {
    const marked = this.flags();
    const { waiting } = this.queue;
    const torn = this.queue.clashes.map((entry) => entry.item);
    let done = 0;
    this.questions.forEach((question, at) => {
      const item = this.numbers[at];
      const answered = $$("[data-part]", question).some(filled);
      if (answered) done += 1;
      $("button.clear", question).hidden = !answered || $("fieldset", question).disabled;
      const fate = this.fate(item, answered, waiting, torn);
      const state = $(".state", question);
      state.textContent = MARKS[fate] || "";
      state.className = `state ${fate}`;
      this.cell(at, answered, marked.includes(item), fate);
    });
    $$("ol", $("#cells")).forEach((list) => {
      list.hidden = list.previousSibling.hidden = !$("li:not([hidden])", list);
    });
    const left = this.questions.length - done;
    $("#sum").textContent = `已答 ${done}，未答 ${left}，标记 ${marked.length}${waiting.size ? `，${waiting.size} 题待上传` : ""}`;
    $("#acked").textContent = `已确认 ${this.queue.confirmed}/${this.questions.length}`;
    const here = marked.includes(this.numbers[this.current]);
    $("#flag").setAttribute("aria-pressed", String(here));
    $("#flag").textContent = here ? "★ 已标记" : "☆ 标记";
  }

  cell(at, answered, flagged, fate) {
    const cell = this.cells[at];
    const words = [answered ? "已答" : "未答"];
    if (flagged) words.push("已标记");
    if (fate && fate !== "ok") words.push(MARKS[fate].slice(2));
    cell.className = `${answered ? "done" : ""} ${flagged ? "flag" : ""} ${fate}`;
    cell.setAttribute("aria-label", `第 ${this.numbers[at]} 题，${words.join("，")}`);
    if (at === this.current) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
    cell.parentNode.hidden = (this.only === "todo" && answered) || (this.only === "flag" && !flagged);
  }
}
