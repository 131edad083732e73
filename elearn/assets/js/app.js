// Common to every page, and only an enhancement: a second tap on a button that already posts is
// ignored, and pages restored from the back/forward cache wake their buttons up again.
const forms = () => document.querySelectorAll("form[method=post]:not([data-many])");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.many !== undefined || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});

addEventListener("pageshow", () => forms().forEach((form) => delete form.dataset.sent));

// Answers of an exam that have not reached the server stay on this phone: signing out says so first.
document.querySelectorAll("form[data-leaving]").forEach((form) => {
  form.addEventListener("submit", (event) => {
    let names = [];
    try {
      names = Object.keys(localStorage).filter((name) => name.startsWith(`elearn:exam:${form.dataset.leaving}:`));
    } catch (error) {
      // Nothing can be kept here, so nothing is.
    }
    if (!names.length || form.dataset.warned) return;
    event.preventDefault();
    form.dataset.warned = "1";
    const note = document.createElement("p");
    note.className = "note warn";
    note.setAttribute("role", "alert");
    note.textContent = "这台设备上还有考试答案没有上传。请先回到“考试”页，联网后等它传完。现在退出，答案会加密留在本机，您再次登录后自动上传。";
    form.before(note);
    form.querySelector("button").textContent = "仍要退出";
  });
});

// Again when all is loaded: an address that ends in #field takes the focus there.
const errors = document.getElementById("errors");
if (errors) ["DOMContentLoaded", "load"].forEach((when) => addEventListener(when, () => errors.focus()));

// A button to see what was typed into a password field; without scripts it is simply not there.
document.querySelectorAll("input[type=password]").forEach((field) => {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn show";
  button.textContent = "显示密码";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const hidden = field.type === "password";
    field.type = hidden ? "text" : "password";
    button.textContent = hidden ? "隐藏密码" : "显示密码";
    button.setAttribute("aria-pressed", String(hidden));
  });
  field.after(button);
});
