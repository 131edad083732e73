// Common to every page, and only an enhancement: a second tap on a button that already posts is
// ignored, nothing is posted into a dead network, and pages restored from the back/forward cache wake
// their buttons up again.
import { tell } from "./tell.js";

const forms = () => document.querySelectorAll("form[method=post]:not([data-many])");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.many !== undefined || event.defaultPrevented) return;
  if (navigator.onLine === false) {
    event.preventDefault();
    tell(form, "现在没有网络，还没有提交。填的内容都在，联网后再点一次。");
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
});

addEventListener("pageshow", () => forms().forEach((form) => delete form.dataset.sent));

// Again when all is loaded: an address that ends in #field takes the focus there.
const errors = document.getElementById("errors") || document.getElementById("wrong");
if (errors) ["DOMContentLoaded", "load"].forEach((when) => addEventListener(when, () => errors.focus()));
