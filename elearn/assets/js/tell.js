/** Says something above a form or link, where it can be seen; saying something else takes its place. */
export function tell(form, text) {
  const place = form.closest(".bar, .top") || form; // not into the bars of a phone, but beside them
  const note = place.previousElementSibling;
  const old = note && note.matches("[data-told]") ? note : document.createElement("p");
  old.className = "note warn";
  old.dataset.told = "";
  old.setAttribute("role", "alert");
  old.textContent = text;
  place.before(old);
  if (place === form) old.scrollIntoView({ block: "nearest" });
}
