// Two answers to one question: both are shown, the person chooses, nothing is overwritten silently.
import { fill, inWords } from "./exam-values.js";

export class Clash {
  /** `partOf(entry)`: its fieldset; `shown(item)` brings the question onto the screen. */
  constructor(queue, partOf, shown) {
    Object.assign(this, { queue, partOf, shown, dialog: document.getElementById("clash") });
    document.getElementById("keep-mine").onclick = () => this.settle(true);
    document.getElementById("keep-theirs").onclick = () => this.settle(false);
  }

  /** The next one that waits for a choice, of this item or of any. Closing it decides nothing: it
   * comes again with its question. */
  ask(item) {
    if (this.dialog.hasAttribute("open") || !this.queue.asks) return;
    const entry = this.queue.clashes.find((each) => !item || each.item === item);
    const part = entry && this.partOf(entry);
    if (!part) return;
    this.entry = entry;
    if (!item) this.shown(entry.item); // which asks for that item
    if (this.dialog.hasAttribute("open")) return;
    document.getElementById("clash-title").textContent = `第 ${entry.item} 题有两个不同的答案`;
    document.getElementById("mine").textContent = inWords(part, entry.value);
    document.getElementById("theirs").textContent = inWords(part, entry.clash.value);
    if (this.dialog.showModal) this.dialog.showModal();
    else this.dialog.setAttribute("open", "");
  }

  async settle(mine) {
    const said = document.getElementById("clash-said");
    said.textContent = "";
    if (mine && this.queue.lock === "other" && !(await this.queue.takeOver())) {
      said.textContent = "没有连上系统，请稍后再点一次";
      return;
    }
    if (this.dialog.close) this.dialog.close();
    else this.dialog.removeAttribute("open");
    fill(this.partOf(this.entry), mine ? this.entry.value : this.entry.clash.value);
    this.queue.settle(this.entry, mine);
    this.ask();
  }
}
