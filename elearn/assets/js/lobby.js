// Before the exam: can this browser keep answers, does the server answer, and how long until the
// doors open. Without this script the page says when they open.
import { reach } from "./reach.js";

const AGAIN_MS = 10000;
const CROWD_MS = 4000; // everybody waits for the same moment: spread over this

function storage() {
  try {
    localStorage.setItem("elearn:test", "1");
    localStorage.removeItem("elearn:test");
    return "断网时答案可以暂存在本机";
  } catch (error) {
    return "这个浏览器不能暂存答案（可能是无痕模式），断网时请保持页面打开";
  }
}

/** The note of the device check; asked again as long as the server is out of reach. */
async function check(note) {
  const start = performance.now();
  let line;
  try {
    const response = await fetch(note.dataset.ping, { cache: "no-store" });
    const took = Math.round(performance.now() - start);
    if (!response.ok) throw new Error(String(response.status));
    line = took < 1500 ? `网络正常（${took} 毫秒）` : `网络较慢（${(took / 1000).toFixed(1)} 秒），请换个信号好的地方`;
  } catch (error) {
    line = "现在连不上系统，请检查网络，连上后这里会更新";
    setTimeout(check, AGAIN_MS, note);
  }
  note.hidden = false;
  const text = `设备检查：${storage()}；${line}。`;
  if (note.textContent !== text) note.textContent = text;
}

const words = (seconds) => {
  if (seconds < 60) return `${seconds} 秒`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} 分 ${seconds % 60} 秒`;
  return `${Math.floor(seconds / 3600)} 小时 ${Math.floor((seconds % 3600) / 60)} 分`;
};

/** Counts down to the opening, then opens the page anew, once somebody answers. */
function wait(line) {
  const opens = Date.now() + +line.dataset.ms + Math.random() * CROWD_MS;
  const tick = async () => {
    const left = Math.ceil((opens - Date.now()) / 1000);
    if (left > 0) {
      line.textContent = `离开始还有 ${words(left)}，到时间本页自动刷新。`;
      setTimeout(tick, 1000);
    } else if (await reach()) {
      location.reload();
    } else {
      line.textContent = "时间到了，现在连不上系统。请不要关闭本页，连上后自动刷新。";
      setTimeout(tick, 3000);
    }
  };
  line.hidden = false;
  tick();
}

const note = document.getElementById("preflight");
const opening = document.getElementById("opening");
if (note) check(note);
if (opening) wait(opening);
addEventListener("online", () => note && check(note));
