// Before handing in: whatever this phone still holds goes up first.
import { Queue } from "./exam-queue.js";

export function guardHandIn(form) {
  const note = document.getElementById("waiting");
  const button = form.querySelector("button");
  const token = form.querySelector("[name=csrf_token]");
  let late = false;
  let queue = null;
  const show = () => {
    if (!queue) return;
    const n = queue.waiting.size;
    const [torn] = queue.clashes;
    if (n || torn || queue.lock === "other") late = true;
    button.disabled = n > 0 && queue.open;
    note.hidden = !late;
    if (queue.lock === "login") note.textContent = "登录已过期，请返回答题页重新登录，答案在本机。";
    else if (queue.lock === "other") note.textContent = "这场考试正在另一台设备上作答。交卷会结束整场考试，请先确认那一台已经答完。";
    else if (n) note.textContent = `还有 ${n} 题没有上传，正在上传。断网时请保持页面打开，联网后再交卷；到时间会自动收卷。`;
    else if (torn) note.textContent = `第 ${torn.item} 题有两个不同的答案，请返回答题页选择；不选择时以系统里已保存的为准。`;
    else note.textContent = "本机暂存的答案已全部上传，上面的未答题数可能已变化，可刷新核对。";
    token.value = queue.csrf;
  };
  queue = new Queue(form.dataset, token.value, { change: show });
  show();
  queue.restored.then(() => queue.dirty && queue.back());
}
