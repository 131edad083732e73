// Taking the exam: one question on the screen, the answer card one tap away.
import { Card } from "./exam-card.js";
import { Clash } from "./exam-clash.js";
import { Clock } from "./exam-clock.js";
import { showEnd, statusOf } from "./exam-end.js";
import { offerExport } from "./exam-export.js";
import { placeOf, Queue } from "./exam-queue.js";
import { joinRoom } from "./exam-room.js";
import { emptyOf, fill, filled, isText, valueOf } from "./exam-values.js";
import { reach } from "./reach.js";
import { tell } from "./tell.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const TEXT_PAUSE_MS = 1500;
const TEXT_LONGEST_MS = 8000;

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
  let trouble = "";
  let textSince = 0;

  const queue = new Queue(form.dataset, $("[name=csrf_token]", form).value, {
    change: () => show(),
    left: () => clock.left,
    remaining: (ms) => clock.anchor(ms),
    refused: (entry, why) => say(`第 ${entry.item} 题没有保存：${why}`),
    elsewhere: (state) => adopt(state),
    sibling: (entry) => {
      const part = partOf(placeOf(entry));
      if (part) fill(part, entry.value);
    },
    clash: () => clash.ask(),
    heard: (reply) => heard(reply),
  });
  const clock = new Clock($("#clock"), +form.dataset.remaining, {
    say,
    over: () => {
      say("时间到，已停止作答");
      queue.retry();
      show();
    },
    resumed: () => show(),
  });
  const card = new Card(form, questions, queue, (at) => go(at));
  const clash = new Clash(queue, (entry) => partOf(placeOf(entry)), (item) => go(numbers.indexOf(item)));
  const canAnswer = () => queue.open && !clock.over;

  /** Another device saved: show it, except where this page has something newer on its way. */
  function adopt(state) {
    for (const [place, value] of Object.entries(state.answers || {})) {
      const part = partOf(place);
      // Typing goes on over it: the page has not shown the other answer, so it does not know it.
      if (part && !queue.newest(place) && !fill(part, value)) put(part, 0, queue.seq);
    }
    if (state.flags && !queue.flags) setFlags(state.flags);
  }

  function setFlags(flags) {
    questions.forEach((question, at) => { flagBox(question).checked = flags.includes(numbers[at]); });
  }

  function show() {
    if (!form.dataset.ready) return;
    const [text, kind] = statusOf(queue, clock.over);
    const chip = $("#save");
    chip.textContent = text;
    chip.className = `muted ${kind}`;
    if (kind && text !== trouble) say(text);
    else if (!kind && trouble && !queue.dirty) say("答案已全部保存");
    if (kind || !queue.dirty) trouble = kind ? text : "";
    $$("fieldset", form).forEach((part) => { part.disabled = !canAnswer(); });
    showEnd(form.dataset, queue, clock.over);
    card.show();
  }

  // ---------------------------------------------------------------- answering
  const itemOf = (part) => +part.closest(".question").dataset.item;
  const put = (part, delay, base, value = valueOf(part)) => queue.put(itemOf(part), +part.dataset.part, value, delay, base);

  function changed(event) {
    const field = event.target;
    const part = field.closest("[data-part]");
    if (!part) return;
    card.typing = event.isComposing ? itemOf(part) : 0;
    if (event.isComposing) return card.show();
    let delay = 400;
    if (isText(field)) {
      textSince = textSince || Date.now();
      delay = Date.now() - textSince > TEXT_LONGEST_MS ? 0 : TEXT_PAUSE_MS;
      if (!delay) textSince = 0;
    }
    return put(part, delay);
  }
  form.addEventListener("input", (event) => isText(event.target) && changed(event));
  form.addEventListener("compositionend", changed);
  form.addEventListener("change", (event) => {
    if (event.target.name === "flag") queue.putFlags(card.flags());
    else if (!isText(event.target)) changed(event);
    else queue.flush();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button.clear");
    if (!button) return;
    event.preventDefault();
    if (!canAnswer()) return;
    for (const part of $$("[data-part]", button.closest(".question"))) {
      if (!filled(part)) continue;
      fill(part, emptyOf(part));
      put(part, 400, undefined, emptyOf(part));
    }
    say("本题答案已清除");
  });

  // ---------------------------------------------------------------- moving
  function go(to, quiet) {
    card.current = Math.max(0, Math.min(questions.length - 1, to));
    const { current } = card;
    questions.forEach((question, at) => { question.hidden = at !== current; });
    $("#where").textContent = `${current + 1}/${questions.length}`;
    $("#prev").disabled = current === 0;
    $("#next").textContent = current === questions.length - 1 ? "去交卷" : "下一题";
    card.show();
    try {
      sessionStorage.setItem(remembered, String(numbers[current]));
    } catch (error) {
      // Then a reload starts at the first question.
    }
    scrollTo(0, 0);
    if (!quiet) $("legend", questions[current]).focus({ preventScroll: true });
    clash.ask(numbers[current]);
  }
  const forward = () => (card.current === questions.length - 1 ? card.open() : go(card.current + 1));
  $("#prev").onclick = () => go(card.current - 1);
  $("#next").onclick = forward;
  $("#flag").onclick = () => {
    if (!canAnswer()) return;
    const box = flagBox(questions[card.current]);
    box.checked = !box.checked;
    queue.putFlags(card.flags());
  };
  $("#left").onclick = () => say(clock.words());
  document.addEventListener("keydown", (event) => {
    if ($("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key !== "PageDown" && event.key !== "PageUp") return;
    event.preventDefault();
    if (event.key === "PageDown") forward();
    else go(card.current - 1);
  });
  // The check is another page: whoever leaves for it without network could not come back to answer.
  $("#check").onclick = async (event) => {
    event.preventDefault();
    if (queue.dirty && !queue.lock) await queue.flush();
    if (await reach()) location.href = $("#check").href;
    else tell($("#check"), "现在连不上系统，请留在本页，接着答题、检查。联网后再点一次；到时间系统会自动收卷。");
  };
  $("#take-over").onclick = async () => {
    if (!(await queue.takeOver())) return say("没有连上系统，请稍后再点一次");
    say("已在此设备继续");
    return clash.ask();
  };
  offerExport(form.dataset, queue);

  const heard = joinRoom(form, queue, clock, say);

  // ---------------------------------------------------------------- start
  for (const [id, entry] of queue.pending) {
    const part = partOf(placeOf(entry));
    if (part) fill(part, entry.value);
    else queue.drop([id]);
  }
  if (queue.flags) setFlags(queue.flags);
  document.documentElement.classList.add("scripts");
  for (const id of ["left", "open-card", "bar"]) $(`#${id}`).hidden = false;
  form.dataset.ready = "1";
  const wanted = +location.hash.replace("#q-", "") || +sessionStorageGet(remembered);
  go(Math.max(0, numbers.indexOf(wanted)), true);
  show();
  clash.ask();
  queue.back();
}

function sessionStorageGet(key) {
  try {
    return sessionStorage.getItem(key) || 0;
  } catch (error) {
    return 0;
  }
}
