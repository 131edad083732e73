// The lesson page, as an enhancement: it says every quarter of a minute that it is being read (and
// where), and answers a question in place. It never says for how long: the server counts that.
// Without this script the page works through its forms and links.
import { enhance } from "./activities.js";

const EVERY_MS = 15000;
const lesson = document.getElementById("lesson");
const { beat, csrf } = lesson.dataset;
const json = { Accept: "application/json", "X-CSRFToken": csrf };
const show = (id) => (document.getElementById(id).hidden = false);

// ---- where the reader is: the last block that starts above the middle of the screen

function place() {
  let found = "";
  for (const block of lesson.querySelectorAll("[id^='p-'], [id^='s-']")) {
    if (block.offsetParent === null) continue; // folded away
    if (block.getBoundingClientRect().top > innerHeight / 2) break;
    found = block.id;
  }
  return found;
}

// ---- heartbeat: only while the page can be seen; the first one says that scripts are on

let timer = 0;
let before = Promise.resolve();

// One after the other: a beat that overtakes "away" would start the clock again.
function say(away) {
  before = before.then(() => send(away));
}

async function send(away) {
  const body = new URLSearchParams({ position: place() });
  if (away) body.set("away", "1");
  try {
    const answer = await fetch(beat, { method: "POST", headers: json, body, keepalive: true });
    if ([400, 401, 403].includes(answer.status)) {
      stop();
      show("signed-out");
    } else if (answer.ok && (await answer.json()).done && lesson.dataset.open) {
      show("course-done");
    }
  } catch (_) {
    // No network: the next beat tries again, and nothing on the page depends on it.
  }
}

function stop() {
  clearInterval(timer);
  timer = 0;
}

function follow() {
  const away = document.visibilityState === "hidden";
  stop();
  say(away);
  if (!away) timer = setInterval(() => say(false), EVERY_MS);
}

document.addEventListener("visibilitychange", follow);
addEventListener("pageshow", (event) => event.persisted && follow());
follow();

// ---- questions: sent by fetch, the result replaces the question, focus goes to the verdict

function replace(id, html) {
  const old = document.getElementById(id);
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  const fresh = holder.content.firstElementChild;
  old.replaceWith(fresh);
  return fresh;
}

async function answer(form) {
  const said = form.querySelector(".said");
  const button = form.querySelector("button");
  const tell = (text, bad) => {
    said.classList.toggle("bad", Boolean(bad));
    said.textContent = text;
  };
  tell("正在提交…");
  button.disabled = true;
  const limit = new AbortController();
  const late = setTimeout(() => limit.abort(), 20000);
  try {
    const body = new URLSearchParams(new FormData(form));
    const { signal } = limit;
    const reply = await fetch(form.action, { method: "POST", headers: json, body, signal });
    const data = await reply.json();
    if (!reply.ok) {
      tell("✗ " + data.error.message, true);
    } else {
      const fresh = replace(form.closest(".quiz").id, data.html);
      replace("missing", data.end);
      fresh.querySelector(".verdict").focus();
      return;
    }
  } catch (_) {
    tell("没有连上网络。您选的还在，联网后再点“提交本题”，就会显示解析。", true);
  }
  clearTimeout(late);
  button.disabled = false;
}

lesson.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-quiz-form]")) return;
  event.preventDefault();
  if (!form.querySelector("button").disabled) answer(form);
});

// ---- 再试一次: the empty question takes the place of the result; without script the link does it

lesson.addEventListener("click", (event) => {
  const link = event.target.closest("[data-again]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const quiz = link.closest(".quiz");
  const form = quiz.querySelector("template").content.cloneNode(true);
  while (quiz.lastElementChild.tagName !== "H2") quiz.lastElementChild.remove();
  quiz.append(form);
  quiz.querySelector("input:not([type=hidden]), textarea").focus();
});

enhance(lesson);
