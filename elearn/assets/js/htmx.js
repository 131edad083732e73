// htmx for staff pages, set up for a Content-Security-Policy without eval and inline style:
// hx-on, hx-vals="js:" and trigger filters are off, answers run no scripts, and it only talks to
// our own host.
import htmx from "htmx.org";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  // The server decides what a page in the history looks like; local storage keeps no names.
  historyCacheSize: 0,
  refreshOnHistoryMiss: true,
});

export default htmx;
