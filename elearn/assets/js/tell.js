/** Says something above a form; saying something else takes its place. */
export function tell(form, text) {
  const place = form.closest(".bar") || form; // not into the bar at the bottom of a phone
  const note = place.previousElementSibling;
  const old = note && note.matches("[data-told]") ? note : document.createElement("p");
  old.className = "note warn";
  old.dataset.told = "";
  old.setAttribute("role", "alert");
  old.textContent = text;
  place.before(old);
}
