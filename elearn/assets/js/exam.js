// Everything a browser adds to exams; each page picks its own part. Without it every flow works by
// ordinary forms.
import { prune } from "./exam-journal.js";
import { deliverLeftovers } from "./exam-leftover.js";
import { watch } from "./exam-monitor.js";
import { guardHandIn } from "./exam-confirm.js";
import { forgetLeaves, waitForResume, watchLeaves } from "./exam-room.js";
import { takeExam } from "./exam-take.js";

const byId = (id) => document.getElementById(id);

if (byId("paper")) takeExam(byId("paper"));
if (byId("hand-in")) guardHandIn(byId("hand-in"));
if (byId("leftover")) deliverLeftovers(byId("leftover"));
if (byId("hand-in")) watchLeaves(byId("hand-in"));
if (byId("closed")) forgetLeaves(byId("closed").dataset);
if (byId("standing")) waitForResume(byId("standing"));
if (byId("monitor")) watch(byId("monitor"));
if (byId("paper") || byId("leftover")) prune();
