"""Interactive blocks of a lesson: what a trainer writes in a fence becomes Markdown that reads well
on paper and without scripts; `assets/js/activities.js` makes it something to do.

    情景 scenario   【步骤】 text, then `- 选择 → 步骤` lines; the first step is where it begins
    排序 order      `1. 步骤` lines in the right order, then `解析：…`; shown in another order
    归类 sorting    【类别】 lines, below each `- 事项 理由：…`
    翻卡 cards      `正面：…` and `背面：…` in turns
    时间线 timeline  `时间：事件` lines

Problem codes: L-act-line, L-act-few, L-act-step, L-act-target, L-act-why.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

ACTIVITIES: Final = {
    "情景": "scenario", "排序": "order", "归类": "sorting", "翻卡": "cards", "时间线": "timeline",
}  # fmt: skip
ACTIVITY_NAMES: Final = {css: name for name, css in ACTIVITIES.items()}
# Boxes inside an activity, as classes of the HTML.
INNER_BOXES: Final = ("step", "answer", "entry", "flip")
STEP_ID: Final = re.compile(r"step-\d+-\d+")

_STEP = re.compile(r"[ \t]*【(?P<name>[^】]*)】[ \t]*(?P<rest>.*)")
_CHOICE = re.compile(r"[ \t]*[-*+][ \t]+(?P<text>.+?)[ \t]*(?:→|->|=>|⇒)[ \t]*(?P<target>.*)")
_NUMBERED = re.compile(r"[ \t]*\d{1,2}[.．、)）][ \t]*(?P<text>.+)")
_BULLET = re.compile(r"[ \t]*[-*+][ \t]+(?P<text>.+)")
_WHY = re.compile(r"[ \t]*解析[:：][ \t]*(?P<text>.*)")
_REASON = re.compile(r"(?P<text>.+?)[ \t]*理由[:：][ \t]*(?P<why>.+)")
_SIDE = re.compile(r"[ \t]*(?P<side>正面|背面)[:：][ \t]*(?P<text>.*)")
_EVENT = re.compile(r"[ \t]*(?:[-*+][ \t]+)?(?P<when>[^:：]{1,30})[:：][ \t]*(?P<text>.+)")

Check = Callable[[int, int, str], str]
Tell = Callable[[int, str, str, str], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One fence. `number` counts the activities of the lesson; `line` is the fence's own line,
    `lines` what stands in it. `check(line, column, text)` looks at citations and links inside a
    text and returns it for the renderer; `tell(line, code, message, hint)` notes a problem."""

    kind: str
    title: str
    number: int
    line: int
    lines: Sequence[str]
    check: Check
    tell: Tell

    def numbered(self) -> Iterable[tuple[int, str]]:
        """(line number in the file, text)."""
        return enumerate(self.lines, start=self.line + 1)

    def inline(self, line: int, raw: str, text: str) -> str:
        """A text of the line, checked and fit to begin a line of Markdown."""
        text = self.check(line, raw.find(text) + 1, text.strip())
        return "\\" + text if text.startswith(("#", "!!!", "???")) else text

    def odd(self, line: int, hint: str) -> None:
        """A line that is nothing this block knows."""
        self.tell(line, "L-act-line", f"{ACTIVITY_NAMES[self.kind]}里看不懂这一行", hint)

    def few(self, what: str, least: int) -> None:
        """Fewer than make sense."""
        name = ACTIVITY_NAMES[self.kind]
        self.tell(self.line, "L-act-few", f"{name}至少要有 {least} {what}", "补上，或改成普通正文")


def expand(source: Source) -> list[str]:
    """The Markdown of an activity; problems are told, never raised."""
    body = _EXPANDERS[source.kind](source)
    title = source.check(source.line, 1, source.title).replace('"', "”")
    name = ACTIVITY_NAMES[source.kind]
    return ["", f'!!! {source.kind} "{title or name}"', *_indented(body), ""]


def shuffled(texts: Sequence[str]) -> list[int]:
    """Positions in an order made from the texts themselves: the same for everybody and always, and
    never the one they were given in (unless there is only one)."""
    order = sorted(range(len(texts)), key=lambda at: hashlib.sha256(texts[at].encode()).digest())
    return order[1:] + order[:1] if order == list(range(len(texts))) else order


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _box(mark: str, kind: str, title: str, body: Iterable[str]) -> list[str]:
    safe = title.replace('"', "”")
    return ["", f'{mark} {kind} "{safe}"', *_indented(body), ""]


# ---------------------------------------------------------------- 情景


@dataclass(slots=True)
class _Step:
    name: str
    line: int
    text: list[str] = field(default_factory=list)
    choices: list[tuple[int, str, str]] = field(default_factory=list)  # line, text, target


def _scenario(source: Source) -> list[str]:
    steps = _read_steps(source)
    at: dict[str, int] = {}
    for index, step in enumerate(steps, start=1):
        at.setdefault(step.name, index)
    if len(steps) < 2:
        source.few("步：一个开头，每个选择一个结果", 2)
    else:
        _check_steps(source, steps, at)
    lines: list[str] = []
    for index, step in enumerate(steps, start=1):
        goes = [
            f"- [{_link_text(text)}](#step-{source.number}-{at[target]})"
            for _, text, target in step.choices
            if target in at
        ]
        if not goes:
            goes = [f"- [回到开头，换一种做法](#step-{source.number}-1)"]
        body = [*step.text, "", *goes]
        lines += _box("!!!", f"step step-{source.number}-{index}", step.name, body)
    return lines


def _read_steps(source: Source) -> list[_Step]:
    steps: list[_Step] = []
    for line, raw in source.numbered():
        if match := _STEP.fullmatch(raw):
            steps.append(_Step(match["name"].strip(), line))
            if match["rest"]:
                steps[-1].text += [source.inline(line, raw, match["rest"]), ""]
        elif not raw.strip():
            continue
        elif not steps:
            source.odd(line, "先写一行【开头】，再写发生了什么")
        elif match := _CHOICE.fullmatch(raw):
            text = source.inline(line, raw, match["text"])
            steps[-1].choices.append((line, text, match["target"].strip(" 【】\t")))
        else:
            steps[-1].text += [source.inline(line, raw, raw.strip()), ""]
    return steps


def _check_steps(source: Source, steps: Sequence[_Step], at: dict[str, int]) -> None:
    for index, step in enumerate(steps, start=1):
        if at[step.name] != index or not step.name:
            said = "有两步叫这个名字" if step.name else "这一步没有名字"
            source.tell(step.line, "L-act-step", f"【{step.name}】{said}", "每一步一个不同的名字")
        if not step.text:
            message = f"【{step.name}】下面没有写发生了什么"
            source.tell(step.line, "L-act-step", message, "写一两句后果")
        for line, text, target in step.choices:
            if target not in at:
                message = f"选择“{text}”后面的【{target}】不存在"
                source.tell(line, "L-act-target", message, "现有：" + "、".join(at))
    if len(steps[0].choices) < 2:
        hint = "写成 - 做法 → 结果的名字"
        source.tell(steps[0].line, "L-act-step", "开头要有两个以上的选择", hint)
    for step in _unreached(steps, at):
        message = f"没有一个选择通向【{step.name}】"
        source.tell(step.line, "L-act-step", message, f"在某一步写 - 做法 → {step.name}，或删去")


def _unreached(steps: Sequence[_Step], at: dict[str, int]) -> list[_Step]:
    seen: set[int] = set()
    ahead = [1]
    while ahead:
        index = ahead.pop()
        if index not in seen:
            seen.add(index)
            ahead += [at[target] for *_, target in steps[index - 1].choices if target in at]
    return [step for step in steps if at[step.name] not in seen]


def _link_text(text: str) -> str:
    """A choice is a link as a whole: no link or citation inside it."""
    return text.replace("[", "\\[").replace("]", "\\]")


# ---------------------------------------------------------------- 排序


def _order(source: Source) -> list[str]:
    intro: list[str] = []
    steps: list[str] = []
    why: list[str] = []
    for line, raw in source.numbered():
        if not raw.strip():
            continue
        if match := _WHY.fullmatch(raw):
            why.append(source.inline(line, raw, match["text"]))
        elif why:
            why += ["", source.inline(line, raw, raw.strip())]
        elif match := _NUMBERED.fullmatch(raw):
            steps.append(source.inline(line, raw, match["text"]))
        elif steps:
            source.odd(line, "每一步写成 1. …；步骤后面写 解析：…")
        else:
            intro += [source.inline(line, raw, raw.strip()), ""]
    if len(steps) < 3:
        source.few("步", 3)
    if not why:
        hint = "最后写一行 解析：…"
        source.tell(source.line, "L-act-why", "没有说为什么是这个顺序", hint)
    right = [f"{at}. {step}" for at, step in enumerate(steps, start=1)]
    return [
        *intro,
        *(f"- {steps[at]}" for at in shuffled(steps)),
        *_box("???", "answer", "看正确的顺序", [*right, "", *why]),
    ]


# ---------------------------------------------------------------- 归类


def _sorting(source: Source) -> list[str]:
    intro: list[str] = []
    bins: list[str] = []
    entries: list[tuple[str, str, str]] = []  # text, bin, reason
    for line, raw in source.numbered():
        if not raw.strip():
            continue
        if match := _STEP.fullmatch(raw):
            bins.append(match["name"].strip())
        elif (match := _BULLET.fullmatch(raw)) and bins:
            reason = _REASON.fullmatch(match["text"])
            if reason is None:
                message = "没有说为什么归在这里"
                source.tell(line, "L-act-why", message, "在同一行后面写 理由：…")
                continue
            text = source.inline(line, raw, reason["text"])
            entries.append((text, bins[-1], source.inline(line, raw, reason["why"])))
        elif bins:
            source.odd(line, "每一件事写成 - 事项 理由：…")
        else:
            intro += [source.inline(line, raw, raw.strip()), ""]
    if len(set(bins)) < 2:
        source.few("类，如【可以】【不可以】【先报告】", 2)
    if len(entries) < 3:
        source.few("件事", 3)
    lines = [*intro, "归入：" + " / ".join(f"**{name}**" for name in bins), ""]
    for at in shuffled([text for text, *_ in entries]):
        text, name, why = entries[at]
        lines += _box("???", "entry", text, [f"**{name}** {why}"])
    return lines


# ---------------------------------------------------------------- 翻卡、时间线


def _cards(source: Source) -> list[str]:
    cards: list[tuple[str, list[str]]] = []
    for line, raw in source.numbered():
        match = _SIDE.fullmatch(raw)
        if match and match["side"] == "正面":
            cards.append((source.inline(line, raw, match["text"]), []))
        elif match and cards and match["text"]:
            cards[-1][1].append(source.inline(line, raw, match["text"]))
        elif raw.strip() and cards and cards[-1][1] and not match:
            cards[-1][1].extend(["", source.inline(line, raw, raw.strip())])
        elif raw.strip():
            source.odd(line, "一张卡写两行：正面：… 和 背面：…")
    if len(cards) < 2 or not all(front and back for front, back in cards):
        source.few("张正面背面都有字的卡", 2)
    return [line for front, back in cards for line in _box("???", "flip", front, back)]


def _timeline(source: Source) -> list[str]:
    events: list[str] = []
    for line, raw in source.numbered():
        if match := _EVENT.fullmatch(raw):
            text = source.inline(line, raw, match["text"])
            events.append(f"- **{match['when'].strip()}** {text}")
        elif raw.strip():
            source.odd(line, "一行一件事：时间：事件")
    if len(events) < 2:
        source.few("件事", 2)
    return events


_EXPANDERS: Final[dict[str, Callable[[Source], list[str]]]] = {
    "scenario": _scenario, "order": _order, "sorting": _sorting, "cards": _cards,
    "timeline": _timeline,
}  # fmt: skip
