// What somebody is writing stays on this phone until the server has it: a dead network, an expired
// sign-in or a closed page cost nothing. `data-draft` names the text and its writer; `data-stored`
// says that what stands in the field is what the server has; an element with `data-draft-sent` says
// that this text was taken, with `data-draft-text` that exactly this one was (where another may be
// written). Signing out takes drafts away (account.js).
const PREFIX = "elearn:draft:";
const KEEP_MS = 14 * 86400e3;
const same = (one, other) => one.replace(/\s+/g, "") === other.replace(/\s+/g, "");
const clock = (at) =>
  new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch (error) {
    return null;
  }
}

function write(name, draft) {
  try {
    if (draft) localStorage.setItem(name, JSON.stringify(draft));
    else localStorage.removeItem(name);
    return true;
  } catch (error) {
    return false; // this browser keeps nothing: then the page alone has it
  }
}

function restore(field, name) {
  const draft = read(name);
  if (!draft || same(draft.text, field.value)) {
    if (field.dataset.stored !== undefined) write(name, null);
    return;
  }
  const given = field.value;
  field.value = draft.text;
  const note = document.createElement("p");
  const button = document.createElement("button");
  note.className = "note warn";
  note.setAttribute("role", "status");
  note.textContent = `${clock(draft.at)} 写的内容还没有提交，已放回框里。`;
  button.className = "btn";
  button.type = "button";
  button.textContent = "不要这些内容";
  button.onclick = () => {
    write(name, null);
    field.value = given;
    note.remove();
    field.focus();
  };
  note.append(document.createElement("br"), button);
  field.closest("label, .field").before(note);
  const folded = field.closest("details");
  if (folded) folded.open = true;
}

function keepDrafts() {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(PREFIX) && !(Date.now() - (read(name) || {}).at < KEEP_MS)) write(name, null);
    }
  } catch (error) {
    return; // nothing can be kept here
  }
  document.querySelectorAll("[data-draft-sent]").forEach((taken) => {
    const { draftSent, draftText } = taken.dataset;
    const draft = read(PREFIX + draftSent);
    if (draft && (draftText === undefined || same(draft.text, draftText))) write(PREFIX + draftSent, null);
  });
  document.querySelectorAll("[data-draft]").forEach((field) => {
    const name = PREFIX + field.dataset.draft;
    restore(field, name);
    field.addEventListener("input", () => write(name, field.value.trim() && { at: Date.now(), text: field.value }));
  });
}

keepDrafts();
