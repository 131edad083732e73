// Common to every page, and only an enhancement: a second tap on a button that already posts is
// ignored, nothing is posted into a dead network, and pages restored from the back/forward cache wake
// their buttons up again.
import { reach } from "./reach.js";
import { tell } from "./tell.js";

const forms = () => document.querySelectorAll("form[method=post]:not([data-many])");
const staff = document.body.classList.contains("staff");
const { worker } = document.querySelector("script[src]").dataset;
const workers = navigator.serviceWorker; // not in every webview, and not on plain http
const CUT = "现在没有网络，还没有提交。填的内容都在，联网后再点一次。";
const SLOW = "网络很慢，还没有提交。填的内容都在，请再点一次。";
const FRESH_MS = 10000; // a page that has just come knows that the network is there
const reached = new WeakSet(); // forms being posted
const silent = new WeakSet(); // forms that waited in vain

/** Is it worth a question? A form that says what being cut off means (`data-cut`) always asks. */
const doubtful = (form) => form.dataset.cut || navigator.onLine === false || performance.now() > FRESH_MS;

/** Posts once somebody answers. After a long silence the next tap goes without asking: on a slow line
    trying is better than never. */
async function ask(form, submitter) {
  const there = await reach();
  if (there) {
    reached.add(form);
    form.requestSubmit(submitter);
    return;
  }
  delete form.dataset.sent;
  if (there === null) silent.add(form);
  tell(form, there === null ? SLOW : form.dataset.cut || CUT);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.many !== undefined || event.defaultPrevented || reached.delete(form)) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);
  if (form.getAttribute("method") !== "post" || silent.has(form)) return;
  if (!staff && form.requestSubmit) {
    if (!doubtful(form)) return;
    event.preventDefault();
    ask(form, event.submitter);
  } else if (navigator.onLine === false) {
    event.preventDefault();
    delete form.dataset.sent;
    tell(form, CUT);
  }
});

// Where no worker shows the offline page, a tap without network stays on the page one has.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || navigator.onLine !== false || (workers && workers.controller)) return;
  if (link.origin !== location.origin || (link.hash && link.pathname === location.pathname)) return;
  event.preventDefault();
  tell(link, "现在没有网络，打不开。请联网后再点。");
});

addEventListener("pageshow", () => forms().forEach((form) => delete form.dataset.sent));

// Again when all is loaded: an address that ends in #field takes the focus there.
const errors = document.getElementById("errors") || document.getElementById("wrong");
if (errors) ["DOMContentLoaded", "load"].forEach((when) => addEventListener(when, () => errors.focus()));

// After everything else, and not while somebody answers: the browser asks for news by itself then.
if (worker && workers && !workers.controller && !document.body.classList.contains("exam")) {
  addEventListener("load", () => workers.register(worker, { updateViaCache: "none" }).catch(() => undefined));
}
