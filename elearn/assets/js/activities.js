// Interactive blocks of a lesson. The page is complete without this: every step, order and answer is
// there to be read or unfolded. With it a scenario shows one step at a time, an order is made by
// buttons, and things are sorted before the reason is shown. Nothing here is sent or graded.
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  if (tag === "button") element.type = "button";
  return element;
};
const said = () => {
  const line = make("p", "", "said");
  line.setAttribute("role", "status");
  return line;
};

function scenario(block) {
  const steps = [...block.querySelectorAll(".step")];
  const show = (step, quiet) => {
    for (const each of steps) each.hidden = each !== step;
    if (quiet) return;
    const name = step.querySelector(".step-name");
    name.tabIndex = -1;
    name.focus();
  };
  block.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const step = link && steps.find((each) => link.hash === `#${each.id}`);
    if (!step) return;
    event.preventDefault();
    show(step);
  });
  show(steps.find((each) => `#${each.id}` === location.hash) || steps[0], true);
}

function order(block) {
  const list = block.querySelector("ul");
  const answer = block.querySelector(".answer");
  const right = [...answer.querySelectorAll("ol > li")].map((entry) => entry.textContent);
  const result = said();
  const move = (entry, by) => {
    const other = by < 0 ? entry.previousElementSibling : entry.nextElementSibling;
    if (other) list.insertBefore(by < 0 ? entry : other, by < 0 ? other : entry);
    const at = [...list.children].indexOf(entry) + 1;
    result.textContent = `移到第 ${at} 步，共 ${list.children.length} 步`;
  };
  for (const entry of list.children) {
    const text = make("span", "");
    text.append(...entry.childNodes);
    const row = make("span", "", "moves");
    for (const [by, sign, name] of [[-1, "↑", "上移"], [1, "↓", "下移"]]) {
      const button = make("button", sign, "btn");
      button.setAttribute("aria-label", `${name}：${text.textContent}`);
      button.onclick = () => {
        move(entry, by);
        button.focus();
      };
      row.append(button);
    }
    entry.append(text, row);
  }
  list.classList.add("ordering");
  const check = make("button", "检查顺序", "btn pri");
  check.onclick = () => {
    const given = [...list.children].map((entry) => entry.firstChild.textContent);
    const wrong = given.findIndex((text, at) => text !== right[at]);
    result.classList.toggle("bad", wrong >= 0);
    const sofar = wrong > 0 ? `前 ${wrong} 步正确，` : "";
    result.textContent = wrong < 0 ? "✓ 顺序正确" : `✗ ${sofar}从第 ${wrong + 1} 步起再想想`;
    if (wrong < 0) answer.open = true;
  };
  answer.before(check, result);
}

function sorting(block) {
  const entries = [...block.querySelectorAll(".entry")];
  const named = (entry) => entry.querySelector("strong").textContent;
  const bins = [...entries[0].previousElementSibling.querySelectorAll("strong")].map((bin) => bin.textContent);
  for (const entry of entries) {
    const row = make("div", "", "row sort");
    const result = said();
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", entry.querySelector("summary").textContent);
    for (const bin of bins) {
      const button = make("button", bin, "btn");
      button.onclick = () => {
        const right = bin === named(entry);
        for (const each of row.children) each.setAttribute("aria-pressed", String(each === button));
        result.classList.toggle("bad", !right);
        result.textContent = right ? `✓ 归对了：${bin}` : `✗ 不是“${bin}”，看看理由`;
        entry.open = true;
      };
      row.append(button);
    }
    entry.after(row, result);
  }
}

export function enhance(lesson) {
  lesson.querySelectorAll(".activity.scenario").forEach(scenario);
  lesson.querySelectorAll(".activity.order").forEach(order);
  lesson.querySelectorAll(".activity.sorting").forEach(sorting);
}
