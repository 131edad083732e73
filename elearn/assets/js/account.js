// Pages of one's own account: signing in and out, passwords.
import { tell } from "./tell.js";

// Answers of an exam that have not reached the server stay on this phone, texts not handed over go:
// signing out says so first.
document.querySelectorAll("form[data-leaving]").forEach((form) => {
  const kept = (kind) => Object.keys(localStorage).filter((name) => name.startsWith(`elearn:${kind}:${form.dataset.leaving}:`));
  form.addEventListener("submit", (event) => {
    let texts = [];
    let answers = [];
    try {
      texts = kept("draft");
      answers = kept("exam");
    } catch (error) {
      // Nothing can be kept here, so nothing is.
    }
    if (form.dataset.warned || !(texts.length + answers.length)) {
      // When it is really sent: a tap without network signs nobody out.
      const forget = () => texts.forEach((name) => localStorage.removeItem(name));
      if ("onformdata" in form) form.onformdata = forget;
      else forget();
      return;
    }
    event.preventDefault();
    form.dataset.warned = "1";
    tell(
      form,
      answers.length
        ? "这台设备上还有考试答案没有上传。请先回到“考试”页，联网后等它传完。现在退出，答案会加密留在本机，您再次登录后自动上传。"
        : "这台设备上还有写了没有提交的内容。现在退出，它会从这台设备删除。",
    );
    form.querySelector("button").textContent = "仍要退出";
  });
});

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
