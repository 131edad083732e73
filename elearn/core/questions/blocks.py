"""Lines -> raw items: which lines belong to which item, sub-question, option and field."""

from dataclasses import dataclass, field

from elearn.core.field_reader import nearest
from elearn.core.problems import Problem
from elearn.core.questions.model import QuestionType
from elearn.core.questions.syntax import (
    FIELD_NAMES,
    PART_FIELDS,
    TYPES_BY_NAME,
    Mark,
    TextLine,
    classify,
    field_like,
    split_options,
    type_of,
)

MAX_LINE = 4_000  # keeps the patterns fast on text that is no item at all
_LONG = {"解析", "评分要点"}


@dataclass(slots=True)
class RawField:
    """A field and all its lines; the first TextLine is what stands after the colon."""

    name: str
    line: int
    column: int
    lines: list[TextLine]


@dataclass(slots=True)
class RawOption:
    """An option and the lines it was wrapped over."""

    letter: str
    line: int
    lines: list[TextLine]


@dataclass(slots=True)
class RawUnit:
    """An item, or a sub-question of a case item (`number` > 0)."""

    type: QuestionType
    line: int
    number: int = 0
    text: list[TextLine] = field(default_factory=list)
    options: list[RawOption] = field(default_factory=list)
    fields: list[RawField] = field(default_factory=list)
    subs: list["RawUnit"] = field(default_factory=list)
    broken: bool = False


class Grouper:
    """Walks the lines once. `sink` is where plain text goes now; None means nowhere."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.items: list[RawUnit] = []
        self.problems: list[Problem] = []
        self.item: RawUnit | None = None
        self.unit: RawUnit | None = None
        self.sink: list[TextLine] | None = None
        self.skipping = False
        self.in_option = False
        self.in_long = False

    def problem(self, line: int, column: int, code: str, message: str, hint: str = "") -> None:
        """Note it and remember that the item is not usable."""
        self.problems.append(Problem(self.file, line, column, code, message, hint))
        if self.item:
            self.item.broken = True

    def feed(self, lines: list[str], first_line: int) -> None:
        """All lines of the body."""
        for number, raw in enumerate(lines, first_line):
            if len(raw) > MAX_LINE:
                message = f"这一行有 {len(raw)} 个字符，超过 {MAX_LINE}"
                self.problem(number, 1, "Q-long", message, "分成几段；一行只写一个选项")
            elif raw.strip():
                self._line(number, raw, classify(raw))
            else:
                self._blank(number)

    def _blank(self, number: int) -> None:
        if self.in_option:
            self.sink, self.in_option = None, False
        if self.sink is not None:
            self.sink.append(TextLine(number, 1, ""))

    def _line(self, number: int, raw: str, mark: Mark) -> None:
        if mark.kind in ("item", "sub"):
            self._start(number, raw, mark)
        elif mark.kind == "bad_item":
            self._start_unknown(number, raw, mark)
        elif self.skipping:
            return
        elif self.item is None or self.unit is None:
            hint = "每道题以【单选】这样的题型开头"
            self.problem(number, 1, "Q-text-outside", "这一行不属于任何一道题", hint)
        elif mark.kind == "heading":
            self.problem(
                number, 1, "Q-heading", "题目之间不写标题", "删去这一行；分类写在“标签：”里"
            )
        elif mark.kind == "field":
            self._field(number, raw, mark)
        elif mark.kind == "slip":
            hint = f"是不是“{mark.known}：”？确实是正文时，在行首加一个反斜杠 \\"
            self.problem(number, 1, "Q-field-unknown", f"不认识的“{mark.name}：”", hint)
            self._open([], long=True)
        elif mark.kind == "option" and not self.in_long:
            self._options(number, raw, mark)
        else:
            self._text(number, raw, mark)

    def _start(self, number: int, raw: str, mark: Mark) -> None:
        kind = type_of(mark.name)
        assert kind is not None  # noqa: S101  classify() has looked it up
        unit = RawUnit(kind, number, mark.number)
        self.skipping = False
        inside = self.item is not None and self.item.type is QuestionType.CASE
        if mark.kind == "sub" and inside and self.item:
            self._check_sub(unit, self.item)
            self.item.subs.append(unit)
        else:
            unit.number = 0
            self.item = unit
            self.items.append(unit)
        self.unit = unit
        unit.text.append(TextLine(number, mark.end + 1, raw[mark.end :]))
        self._open(unit.text)

    def _check_sub(self, unit: RawUnit, item: RawUnit) -> None:
        expected = len(item.subs) + 1
        if unit.number != expected:
            message = f"小题序号应是（{expected}），现在是（{unit.number}）"
            self.problem(unit.line, 1, "Q-sub-number", message)
        if unit.type is QuestionType.CASE:
            self.problem(unit.line, 1, "Q-sub-type", "案例题的小题不能还是案例题")

    def _start_unknown(self, number: int, raw: str, mark: Mark) -> None:
        self.unit = self.item = self.sink = None
        self.skipping = True
        like = nearest(mark.name, TYPES_BY_NAME)
        hint = (
            f"是不是【{like}】？" if like else "可写：" + "".join(f"【{n}】" for n in TYPES_BY_NAME)
        )
        column = len(raw) - len(raw.lstrip()) + 1
        self.problem(
            number, column, "Q-type-unknown", f"不认识的题型【{mark.name}】，这道题没有读", hint
        )

    def _field(self, number: int, raw: str, mark: Mark) -> None:
        assert self.item is not None  # noqa: S101  _line() has checked
        assert self.unit is not None  # noqa: S101  _line() has checked
        owner = self.unit if mark.name in PART_FIELDS else self.item
        column = len(raw) - len(raw.lstrip()) + 1
        found = RawField(
            mark.name, number, column, [TextLine(number, mark.end + 1, raw[mark.end :])]
        )
        owner.fields.append(found)
        is_long = mark.name in _LONG or (
            mark.name == "答案" and owner.type is QuestionType.SHORT_ANSWER
        )
        self._open(found.lines if is_long else None, long=is_long)

    def _options(self, number: int, raw: str, mark: Mark) -> None:
        assert self.unit is not None  # noqa: S101  _line() has checked
        for letter, text in split_options(raw, mark):
            text.line = number
            option = RawOption(letter, number, [text])
            self.unit.options.append(option)
            self._open(option.lines)
        self.in_option = True

    def _text(self, number: int, raw: str, mark: Mark) -> None:
        if self.sink is not None:
            start = mark.end if mark.kind == "text" else 0
            self.sink.append(TextLine(number, start + 1, raw[start:]))
            return
        label = field_like(raw)
        if label:
            like = nearest(label, FIELD_NAMES)
            hint = (
                f"是不是“{like}：”？"
                if like
                else "可写：" + "、".join(dict.fromkeys(FIELD_NAMES.values()))
            )
            self.problem(number, 1, "Q-field-unknown", f"不认识的“{label}：”", hint)
        else:
            hint = "题干写在选项前面；补充说明写进“解析：”"
            self.problem(number, 1, "Q-text-stray", "这一行不知道属于题目的哪一部分", hint)

    def _open(self, sink: list[TextLine] | None, *, long: bool = False) -> None:
        self.sink, self.in_long, self.in_option = sink, long, False


def group_lines(
    lines: list[str], file: str, first_line: int
) -> tuple[list[RawUnit], list[Problem]]:
    """Raw items in file order, and what could not be placed."""
    grouper = Grouper(file)
    grouper.feed(lines, first_line)
    return grouper.items, grouper.problems
