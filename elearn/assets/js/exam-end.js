// The words of the status row, and the box that says what to do when answering here is over.
const byId = (id) => document.getElementById(id);
// About a minute and a half of trying (2, 4, 8, 16, 30, 30 s): time to think of another way.
const HOPELESS = 6;

/** [text, kind] of the status row. */
export function statusOf(queue, over) {
  const n = queue.waiting.size;
  if (queue.lock === "login") return ["登录已过期，请重新登录（答案在本机）", "bad"];
  const torn = queue.clashes.length ? `第 ${queue.clashes[0].item} 题有两个不同的答案，请选择` : "";
  if (queue.lock === "other") return [n ? `本页只读，${n} 题待上传` : torn || "已在另一台设备继续，本页只读", "bad"];
  if (queue.voided) return ["答卷已作废，已停止作答", "bad"];
  if (queue.lock) return [n ? `考试已结束，${n} 题没有送到` : "考试已结束", n ? "bad" : ""];
  if (over) return [n ? `时间到，还有 ${n} 题待上传，请保持页面打开` : "时间到，答案已全部上传", "warn"];
  if (!queue.kept && n) return ["本机无法暂存，请保持页面打开", "warn"];
  if (queue.fails > 1) return [n ? `网络不稳，${n} 题暂存本机` : "网络不稳，正在重试", "warn"];
  if (torn) return [torn, "warn"];
  if (queue.dirty) return ["正在保存…", ""];
  return [queue.saved ? `已保存 ${queue.saved}` : "答案会自动保存", ""];
}

const list = (items) => [...items].sort((one, two) => one - two).join("、");

/** What became of answers that came late, in plain words; "" when none did. */
export function lateWords(queue) {
  if (queue.voided) return "";
  const words = [];
  if (queue.late.size) words.push(`第 ${list(queue.late)} 题在截止后的补传时间内送到，按规定计入。`);
  if (queue.held.size) words.push(`第 ${list(queue.held)} 题是交卷以后或补传时间以后送到的，系统已收下，由考务人员裁定是否计分。`);
  return words.join("");
}

function endText(queue, over) {
  const n = queue.waiting.size;
  if (queue.lock === "login") return "登录已过期。您的答案还在本机，重新登录后会自动上传。";
  if (queue.lock === "other") {
    return `${queue.since ? `${queue.since} 起，` : ""}这场考试在另一台设备上作答，本页只能查看。在此设备继续后，另一台变为只读，已保存的答案都在。`;
  }
  if (queue.lock === "gone" && n) return `考试已结束，系统不再接收。本机还有 ${n} 题没有送到，请导出答案文件交给考务人员。`;
  if (queue.voided) return `考务人员已决定这份答卷作废，不能再作答。${n ? `还有 ${n} 题正在送去留存，请保持页面打开。` : "已送到的答案都留存备查。"}`;
  if (queue.lock) return `考试已结束。${n ? `还有 ${n} 题正在补传，请保持页面打开。` : ""}`;
  if (over && n) return `时间到，还有 ${n} 题待上传，请保持页面打开。截止后 ${Math.round(queue.lateMs / 60000)} 分钟内送到的仍然计入；更晚送到的会收下，由考务人员裁定。`;
  if (over) return "时间到，答案已全部上传，系统正在收卷。";
  return `已经连续多次没有连上系统，${n} 题在本机。请换个信号好的地方，保持页面打开；也可以导出答案文件备用。`;
}

/** The box above the questions: only what can be done now. */
export function showEnd(of, queue, over) {
  const stuck = queue.waiting.size > 0 && (queue.fails >= HOPELESS || (over && queue.fails > 1) || queue.lock === "gone");
  const ended = queue.lock === "closed" || queue.lock === "gone" || over;
  const link = byId("gone-link");
  byId("gone").hidden = !(queue.lock || over || stuck);
  byId("gone-text").textContent = endText(queue, over) + lateWords(queue);
  link.hidden = !(queue.lock === "login" || (ended && (!queue.dirty || queue.lock === "gone")));
  link.textContent = queue.lock === "login" ? "重新登录" : "查看结果";
  link.href = queue.lock === "login" ? of.signIn : of.state.replace(/state$/, "result");
  byId("take-over").hidden = queue.lock !== "other";
  byId("open-export").hidden = !stuck;
}
