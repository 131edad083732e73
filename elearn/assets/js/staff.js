// Staff pages: server-rendered, with htmx where a part of a page is replaced.
import "./htmx.js";
