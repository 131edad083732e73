// Taking the exam: one question on the screen, the answer card one tap away.
import { Clock } from "./exam-clock.js";
import { Queue } from "./exam-queue.js";
import { joinRoom } from "./exam-room.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const TEXT_PAUSE_MS = 1500;
const TEXT_LONGEST_MS = 8000;

const isText = (field) => field.type === "text" || field.type === "textarea";

/** What stands in a part: screen positions, texts of the blanks, or the one long text. */
export function valueOf(part) {
  const fields = $$("input, textarea", part);
  if (part.dataset.kind === "SHORT_ANSWER") return fields[0].value;
  if (part.dataset.kind === "BLANK") return fields.map((field) => field.value);
  return fields.filter((field) => field.checked).map((field) => +field.value);
}

export function fill(part, value) {
  const fields = $$("input, textarea", part);
  const texts = Array.isArray(value) ? value : [value];
  fields.forEach((field, at) => {
    if (isText(field)) {
      if (field !== document.activeElement) field.value = texts[at] === undefined ? "" : texts[at];
    } else field.checked = texts.includes(+field.value);
  });
}

const filled = (part) => {
  const value = valueOf(part);
  return typeof value === "string" ? value.trim() !== "" : value.some((entry) => typeof entry === "number" || entry.trim());
};

export function takeExam(form) {
  const questions = $$(".question", form);
  const numbers = questions.map((question) => +question.dataset.item);
  const live = $("#live");
  const say = (text) => { live.textContent = text; };
  const partOf = (place) => {
    const [item, part] = place.split("-");
    return $(`#q-${item} [data-part="${part}"]`);
  };
  const flagBox = (question) => $("[name=flag]", question);
  const remembered = `elearn:at:${form.dataset.attempt}`;
  let current = 0;
  let trouble = "";
  let textSince = 0;

  const queue = new Queue(form.dataset, $("[name=csrf_token]", form).value, {
    change: () => show(),
    remaining: (ms) => clock.anchor(ms),
    refused: (entry, why) => say(`第 ${entry.item} 题没有保存：${why}`),
    elsewhere: (state) => adopt(state),
    heard: (reply) => heard(reply),
  });
  const clock = new Clock($("#clock"), +form.dataset.remaining, {
    say,
    over: () => {
      $$("fieldset", form).forEach((part) => { part.disabled = true; });
      say("时间到，已停止作答");
      queue.retry();
      show();
    },
    resumed: () => {
      $$("fieldset", form).forEach((part) => { part.disabled = false; });
      show();
    },
  });

  /** Another device saved: show it, except where this page has something newer on its way. */
  function adopt(state) {
    for (const [place, value] of Object.entries(state.answers || {})) {
      if (!queue.pending.has(place)) fill(partOf(place), value);
    }
    if (state.flags && !queue.flags) {
      questions.forEach((question, at) => { flagBox(question).checked = state.flags.includes(numbers[at]); });
    }
  }

  function status() {
    const n = queue.waiting;
    if (queue.lock === "login") return ["登录已过期，请重新登录（答案在本机）", "bad"];
    if (queue.lock === "other") return ["已在另一台设备继续，本页只读", "bad"];
    if (queue.lock) return [n ? `考试已结束，${n} 题没有送到` : "考试已结束", n ? "bad" : ""];
    if (clock.over) return [n ? `时间到，还有 ${n} 题待上传，请保持页面打开` : "时间到，答案已全部上传", "warn"];
    if (!queue.kept && n) return ["本机无法暂存，请保持页面打开", "warn"];
    if (queue.fails > 1) return [n ? `网络不稳，${n} 题暂存本机` : "网络不稳，正在重试", "warn"];
    if (queue.dirty) return ["正在保存…", ""];
    return [queue.saved ? `已保存 ${queue.saved}` : "答案会自动保存", ""];
  }

  function show() {
    if (!form.dataset.ready) return;
    const [text, kind] = status();
    const chip = $("#save");
    chip.textContent = text;
    chip.className = `muted ${kind}`;
    if (kind && text !== trouble) say(text);
    else if (!kind && trouble && !queue.dirty) say("答案已全部保存");
    if (kind || !queue.dirty) trouble = kind ? text : "";
    if (queue.lock) $$("fieldset", form).forEach((part) => { part.disabled = queue.lock !== "login"; });
    showEnd();
    card();
  }

  function showEnd() {
    const link = $("#gone-link");
    const ended = queue.lock === "closed" || (clock.over && !queue.dirty);
    $("#gone").hidden = !(ended || queue.lock === "login");
    if (queue.lock === "login") {
      $("#gone-text").textContent = "登录已过期。您的答案还在本机，重新登录后会自动上传。";
      link.textContent = "重新登录";
      link.href = form.dataset.signIn;
    } else if (ended) {
      $("#gone-text").textContent = queue.lock === "closed" ? "考试已结束。" : "时间到，答案已全部上传，系统正在收卷。";
      link.textContent = "查看结果";
      link.href = `${form.dataset.state.replace(/state$/, "")}result`;
    }
  }

  // ---------------------------------------------------------------- answering
  function changed(event) {
    const field = event.target;
    const part = field.closest("[data-part]");
    if (!part || event.isComposing) return;
    let delay = 400;
    if (isText(field)) {
      textSince = textSince || Date.now();
      delay = Date.now() - textSince > TEXT_LONGEST_MS ? 0 : TEXT_PAUSE_MS;
      if (!delay) textSince = 0;
    }
    const item = +part.closest(".question").dataset.item;
    queue.put(item, +part.dataset.part, valueOf(part), delay);
  }
  form.addEventListener("input", (event) => isText(event.target) && changed(event));
  form.addEventListener("compositionend", changed);
  form.addEventListener("change", (event) => {
    if (event.target.name === "flag") queue.putFlags(flags());
    else if (!isText(event.target)) changed(event);
    else queue.flush();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button.clear");
    if (!button) return;
    event.preventDefault();
    const question = button.closest(".question");
    if (clock.over || queue.lock) return;
    for (const part of $$("[data-part]", question)) {
      if (!filled(part)) continue;
      fill(part, part.dataset.kind === "SHORT_ANSWER" ? "" : []);
      const empty = part.dataset.kind === "BLANK" ? $$("input", part).map(() => "") : valueOf(part);
      queue.put(+question.dataset.item, +part.dataset.part, empty, 400);
    }
    say("本题答案已清除");
  });

  // ---------------------------------------------------------------- moving
  const flags = () => numbers.filter((_, at) => flagBox(questions[at]).checked);

  function go(to, quiet) {
    current = Math.max(0, Math.min(questions.length - 1, to));
    questions.forEach((question, at) => { question.hidden = at !== current; });
    $("#where").textContent = `${current + 1}/${questions.length}`;
    $("#prev").disabled = current === 0;
    $("#next").textContent = current === questions.length - 1 ? "去交卷" : "下一题";
    card();
    try {
      sessionStorage.setItem(remembered, String(numbers[current]));
    } catch (error) {
      // Then a reload starts at the first question.
    }
    scrollTo(0, 0);
    if (!quiet) $("legend", questions[current]).focus({ preventScroll: true });
  }
  const forward = () => (current === questions.length - 1 ? openCard() : go(current + 1));
  $("#prev").onclick = () => go(current - 1);
  $("#next").onclick = forward;
  $("#flag").onclick = () => {
    if (clock.over || queue.lock) return;
    const box = flagBox(questions[current]);
    box.checked = !box.checked;
    queue.putFlags(flags());
  };
  $("#left").onclick = () => say(clock.words());
  document.addEventListener("keydown", (event) => {
    if (dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "PageDown" && event.key !== "PageUp") return;
    event.preventDefault();
    if (event.key === "PageDown") forward();
    else go(current - 1);
  });

  // ---------------------------------------------------------------- answer card
  const dialog = $("#card");
  const cells = [];
  let only = "";
  const openCard = () => {
    card();
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
  };
  const shut = () => (dialog.close ? dialog.close() : dialog.removeAttribute("open"));

  function makeCard() {
    for (const section of $$(".part", form)) {
      const heading = document.createElement("h3");
      heading.textContent = section.dataset.section;
      const list = document.createElement("ol");
      list.className = "grid";
      for (const question of $$(".question", section)) {
        const entry = document.createElement("li");
        const button = document.createElement("button");
        const at = cells.length;
        button.type = "button";
        button.onclick = () => {
          shut();
          go(at);
        };
        entry.append(button);
        list.append(entry);
        cells.push(button);
        button.textContent = question.dataset.item;
      }
      $("#cells").append(heading, list);
    }
  }

  function card() {
    if (!cells.length) return;
    const marked = flags();
    let done = 0;
    questions.forEach((question, at) => {
      const answered = $$("[data-part]", question).some(filled);
      const flagged = marked.includes(numbers[at]);
      if (answered) done += 1;
      $("button.clear", question).hidden = !answered;
      const cell = cells[at];
      cell.className = `${answered ? "done" : ""} ${flagged ? "flag" : ""}`;
      cell.setAttribute("aria-label", `第 ${numbers[at]} 题，${answered ? "已答" : "未答"}${flagged ? "，已标记" : ""}`);
      if (at === current) cell.setAttribute("aria-current", "true");
      else cell.removeAttribute("aria-current");
      cell.parentNode.hidden = (only === "todo" && answered) || (only === "flag" && !flagged);
    });
    const waiting = queue.waiting;
    $("#sum").textContent = `已答 ${done}，未答 ${questions.length - done}，标记 ${marked.length}${waiting ? `，${waiting} 题待上传` : ""}`;
    const here = marked.includes(numbers[current]);
    $("#flag").setAttribute("aria-pressed", String(here));
    $("#flag").textContent = here ? "★ 已标记" : "☆ 标记";
  }

  $("#open-card").onclick = openCard;
  $("#shut").onclick = shut;
  $$("[data-only]", dialog).forEach((button) => {
    button.onclick = () => {
      only = button.dataset.only;
      $$("[data-only]", dialog).forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      card();
    };
  });
  $("#check").onclick = async (event) => {
    if (!queue.dirty || queue.lock) return;
    event.preventDefault();
    await queue.flush();
    if (queue.fails) say("还有答案没有上传，联网后会自动上传");
    location.href = $("#check").href;
  };

  const heard = joinRoom(form, queue, clock, say);

  // ---------------------------------------------------------------- start
  for (const [place, entry] of queue.pending) {
    const part = partOf(place);
    if (part) fill(part, entry.value);
    else queue.pending.delete(place);
  }
  if (queue.flags) questions.forEach((question, at) => { flagBox(question).checked = queue.flags.includes(numbers[at]); });
  makeCard();
  document.documentElement.classList.add("scripts");
  for (const id of ["left", "open-card", "bar"]) $(`#${id}`).hidden = false;
  form.dataset.ready = "1";
  const wanted = +location.hash.replace("#q-", "") || +sessionStorageGet(remembered);
  go(Math.max(0, numbers.indexOf(wanted)), true);
  show();
  queue.back();
}

function sessionStorageGet(key) {
  try {
    return sessionStorage.getItem(key) || 0;
  } catch (error) {
    return 0;
  }
}
