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

const errors = document.getElementById("errors");
if (errors) errors.focus();

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
