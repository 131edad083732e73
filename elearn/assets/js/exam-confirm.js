// Before handing in: whatever this phone still holds goes up first.
import { Queue } from "./exam-queue.js";

export function guardHandIn(form) {
  const note = document.getElementById("waiting");
  const button = form.querySelector("button");
  const token = form.querySelector("[name=csrf_token]");
  const had = () => queue && queue.pending.size > 0;
  let late = false;
  let queue = null;
  const show = () => {
    if (!queue) return;
    const n = queue.waiting;
    if (n) late = true;
    button.disabled = had() && !queue.lock;
    note.hidden = !late;
    if (queue.lock === "login") note.textContent = "登录已过期，请返回答题页重新登录，答案在本机。";
    else if (n) note.textContent = `还有 ${n} 题没有上传，正在上传。断网时请保持页面打开，联网后再交卷；到时间会自动收卷。`;
    else note.textContent = "本机暂存的答案已全部上传，上面的未答题数可能已变化，可刷新核对。";
    token.value = queue.csrf;
  };
  queue = new Queue(form.dataset, token.value, {
    change: show, remaining() {}, refused() {}, elsewhere() {},
  });
  show();
  if (queue.dirty) queue.back();
}
