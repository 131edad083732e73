// Staff pages: server-rendered, with htmx where a part of a page is replaced.
import "./htmx.js";

// Filters stand open where there is room; on a phone they stay one line (ux.md 3.3).
if (matchMedia("(min-width: 64rem)").matches) {
  document.querySelectorAll("details[data-open-wide]").forEach((part) => (part.open = true));
}

// On a phone the navigation scrolls sideways: begin where we are.
const here = document.querySelector(".side [aria-current]");
if (here) here.scrollIntoView({ block: "nearest", inline: "center" });

// A button that ticks every box of a name on the page, or none when all are ticked.
document.querySelectorAll("button[data-tick]").forEach((button) => {
  const boxes = () => [...document.getElementsByName(button.dataset.tick)];
  button.hidden = false;
  button.addEventListener("click", () => {
    const on = boxes().some((box) => !box.checked);
    boxes().forEach((box) => (box.checked = on));
  });
});
