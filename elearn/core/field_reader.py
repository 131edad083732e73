"""Reading the keys of a YAML table by their Chinese name or English alias, collecting problems."""

import difflib
import re
from collections.abc import Iterable

from elearn.core.located_yaml import Mapping, Scalar, Sequence, Value
from elearn.core.problems import Problem
from elearn.core.source_text import fold, one_line

_WHOLE = re.compile(r"\d{1,6}")
_DECIMAL = re.compile(r"(\d{1,6})(?:\.(\d{1,2}))?")
_SEPARATORS = re.compile(r"[、,，;；]")


def nearest(word: str, known: Iterable[str], cutoff: float = 0.5) -> str:
    """The known word most like `word`, or ""."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)
    return found[0] if found else ""


def split_list(text: str) -> list[str]:
    """`甲、乙，丙` -> three trimmed words; empty ones dropped."""
    return [word for part in _SEPARATORS.split(text) if (word := one_line(part))]


def to_hundredths(text: str) -> int | None:
    """`1.5` -> 150; None when it is not a plain decimal with at most two places."""
    match = _DECIMAL.fullmatch(fold(text).strip())
    if not match:
        return None
    return int(match.group(1)) * 100 + int((match.group(2) or "").ljust(2, "0"))


class FieldReader:
    """One YAML table. `prefix` is the letter of the problem codes (Q, L, R)."""

    def __init__(self, mapping: Mapping, file: str, prefix: str, problems: list[Problem]) -> None:
        self.mapping = mapping
        self.file = file
        self.prefix = prefix
        self.problems = problems
        self.known: list[str] = []
        self.used: set[str] = set()

    def problem(
        self, at: Scalar | Value, code: str, message: str, hint: str = "", severity: str = "error"
    ) -> None:
        """Note a problem at the place of a value; `code` comes without the prefix letter."""
        full = f"{self.prefix}-{code}"
        self.problems.append(Problem(self.file, at.line, at.column, full, message, hint, severity))

    def take(self, *names: str, required: bool = False) -> Value | None:
        """The value under the first of the names; an empty value counts as absent."""
        self.known.append(names[0])
        self.used.update(names)
        found = [name for name in names if name in self.mapping.entries]
        if len(found) > 1:
            self.problem(
                self.mapping.keys[found[1]],
                "field-twice",
                f"“{found[0]}”和“{found[1]}”是同一项",
                "只留一行",
            )
        value = self.mapping.entries[found[0]] if found else None
        if isinstance(value, Scalar) and not value.text:
            value = None
        if value is None and required:
            at = self.mapping.keys[found[0]] if found else self.mapping
            self.problem(at, "field-missing", f"缺少“{names[0]}”", f"加一行“{names[0]}: …”")
        return value

    def scalar(self, *names: str, required: bool = False) -> Scalar | None:
        """A text value with its place."""
        value = self.take(*names, required=required)
        if value is None or isinstance(value, Scalar):
            return value
        self.problem(value, "field-value", f"“{names[0]}”应写成一行文字")
        return None

    def text(self, *names: str, required: bool = False) -> str:
        """A text value, "" when absent."""
        value = self.scalar(*names, required=required)
        return one_line(value.text) if value else ""

    def choice(self, choices: dict[str, str], *names: str, required: bool = False) -> str | None:
        """One of the words in `choices`, given back as its code."""
        value = self.scalar(*names, required=required)
        if value is None:
            return None
        word = one_line(value.text)
        if word in choices:
            return choices[word]
        allowed = "、".join(choices)
        self.problem(value, "field-value", f"“{names[0]}”不能写“{word}”", f"可写：{allowed}")
        return None

    def whole(self, *names: str, low: int, high: int, required: bool = False) -> int | None:
        """A whole number within the bounds."""
        value = self.scalar(*names, required=required)
        if value is None:
            return None
        text = fold(value.text).strip()
        if _WHOLE.fullmatch(text) and low <= int(text) <= high:
            return int(text)
        self.problem(
            value, "field-value", f"“{names[0]}”应是 {low} 到 {high} 的整数，现在是“{value.text}”"
        )
        return None

    def hundredths(self, *names: str, high: int, required: bool = False) -> int | None:
        """A decimal with at most two places as hundredths; `high` is in hundredths."""
        value = self.scalar(*names, required=required)
        if value is None:
            return None
        number = to_hundredths(value.text)
        if number is None or number > high:
            self.problem(
                value,
                "field-value",
                f"“{names[0]}”应是 0 到 {high // 100} 的数，最多两位小数，现在是“{value.text}”",
            )
            return None
        return number

    def words(self, *names: str, required: bool = False) -> list[Scalar]:
        """A list, or one line of words separated by 、."""
        value = self.take(*names, required=required)
        if value is None:
            return []
        if isinstance(value, Scalar):
            return [Scalar(word, value.line, value.column) for word in split_list(value.text)]
        if isinstance(value, Sequence):
            words = [item for item in value.items if isinstance(item, Scalar)]
            if len(words) == len(value.items):
                return [word for word in words if word.text]
        self.problem(value, "field-value", f"“{names[0]}”应写成几个词，用“、”隔开")
        return []

    def table(self, *names: str) -> Mapping | None:
        """A nested table."""
        value = self.take(*names)
        if value is None or isinstance(value, Mapping):
            return value
        self.problem(
            value, "field-value", f"“{names[0]}”下面应另起行，缩进两格，每行写“名称: 内容”"
        )
        return None

    def finish(self) -> None:
        """Name every key nobody asked for."""
        for name, key in self.mapping.keys.items():
            if name not in self.used:
                like = nearest(name, self.known)
                hint = f"是不是“{like}”？" if like else "可用的有：" + "、".join(self.known)
                self.problem(key, "field-unknown", f"不认识的“{name}”", hint)
