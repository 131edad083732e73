// What stands in a part of a question: screen positions, texts of the blanks, or the one long text.
const fieldsOf = (part) => [...part.querySelectorAll("input, textarea")];

export const isText = (field) => field.type === "text" || field.type === "textarea";

export function valueOf(part) {
  const fields = fieldsOf(part);
  if (part.dataset.kind === "SHORT_ANSWER") return fields[0].value;
  if (part.dataset.kind === "BLANK") return fields.map((field) => field.value);
  return fields.filter((field) => field.checked).map((field) => +field.value);
}

export function emptyOf(part) {
  if (part.dataset.kind === "SHORT_ANSWER") return "";
  return part.dataset.kind === "BLANK" ? fieldsOf(part).map(() => "") : [];
}

/** False where somebody is typing just now: their text stays. */
export function fill(part, value) {
  const texts = Array.isArray(value) ? value : [value];
  let all = true;
  fieldsOf(part).forEach((field, at) => {
    const text = texts[at] === undefined || texts[at] === null ? "" : texts[at];
    if (!isText(field)) field.checked = texts.includes(+field.value);
    else if (field !== document.activeElement) field.value = text;
    else if (field.value !== text) all = false;
  });
  return all;
}

export function filled(part) {
  const value = valueOf(part);
  return typeof value === "string" ? value.trim() !== "" : value.some((entry) => typeof entry === "number" || entry.trim());
}

/** In words, for a person who has to choose between two answers. */
export function inWords(part, value) {
  const texts = (Array.isArray(value) ? value : [value]).filter((entry) => entry !== null && entry !== "");
  if (!texts.length) return "（没有作答）";
  if (part.dataset.kind === "SHORT_ANSWER" || part.dataset.kind === "BLANK") return texts.join("；");
  const chosen = fieldsOf(part).filter((field) => texts.includes(+field.value));
  return chosen.map((field) => field.closest("label").textContent.trim()).join("\n");
}
