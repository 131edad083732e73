// After the end: answers this phone could not deliver in time still go up, and nothing is forgotten
// before the server has it.
import { lateWords } from "./exam-end.js";
import { offerExport } from "./exam-export.js";
import { Queue } from "./exam-queue.js";

export function deliverLeftovers(box) {
  const text = document.getElementById("left-text");
  let had = false;
  let queue = null;
  const show = () => {
    if (!queue) return;
    const n = queue.waiting.size;
    had = had || n > 0;
    box.hidden = !had;
    document.getElementById("open-export").hidden = !(n && (queue.fails > 1 || queue.lock === "gone"));
    if (n && queue.lock === "gone") text.textContent = `系统已停止接收。本机还有 ${n} 题没有送到，请导出答案文件交给考务人员。`;
    else if (n && queue.lock === "login") text.textContent = `本机还有 ${n} 题没有送到，重新登录后会自动补传。`;
    else if (n) text.textContent = `本机还有 ${n} 题没有送到，正在补传，请保持页面打开。`;
    else text.textContent = `本机的答案已全部送到。${lateWords(queue)}`;
  };
  queue = new Queue(box.dataset, box.dataset.csrf, { change: show });
  offerExport(box.dataset, queue);
  show();
  queue.restored.then(() => (queue.pending.size ? queue.back() : queue.dropFlags()));
}
