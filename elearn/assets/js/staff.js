// Staff pages: server-rendered, with htmx where a part of a page is replaced.
import "./htmx.js";

// Filters stand open where there is room; on a phone they stay one line (ux.md 3.3).
if (matchMedia("(min-width: 64rem)").matches) {
  document.querySelectorAll("details[data-open-wide]").forEach((part) => (part.open = true));
}
