"""What a trainer writes as a value -> a typed value. Full-width digits and units are welcome."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")

_CENTI = re.compile(r"(\d{1,5})(?:\.(\d{1,2}))?\s*(?:分|学时)?")
_COUNT = re.compile(r"(\d{1,5})\s*(?:题|道|次)?")
_MINUTES = re.compile(r"(?:(\d{1,2})\s*小时)?\s*(?:(\d{1,4})\s*(?:分钟|分)?)?")
_MONTHS = re.compile(r"(\d{1,3})\s*(年|个月|月)?")
_RANGE = re.compile(r"([1-5])(?:\s*(?:[-~–—～至到])\s*([1-5]))?")
_PERMILLE = re.compile(r"(\d{1,3})(?:\.(\d))?\s*%")
_SEEN = re.compile(r"(?:最多|至多)?\s*(\d{1,3})\s*[题道]?")
_SEPARATORS = re.compile(r"[、,，;；]")
_YES = frozenset({"是", "开", "true", "yes", "on"})
_NO = frozenset({"否", "关", "false", "no", "off"})
_NONE = frozenset({"不限", "无", "长期", "null", "~", ""})


class BadValue(Exception):
    """A value that cannot be understood; both texts are Chinese."""

    def __init__(self, message: str, hint: str):
        super().__init__(message)
        self.message = message
        self.hint = hint


def plain(text: str) -> str:
    """Width-folded, trimmed."""
    return unicodedata.normalize("NFKC", text).strip()


def read_centi(text: str) -> int:
    """`1.5`, `1.5 分` -> 150."""
    found = _CENTI.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是分数或学时", "写数字，最多两位小数，例如 1.5")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def read_count(text: str) -> int:
    """`30`, `30 题` -> 30."""
    found = _COUNT.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是整数", "写整数，例如 30")
    return int(found[1])


def read_times(text: str) -> int:
    """`1`, `1 次`, `不补考` -> 1, 1, 0."""
    return 0 if plain(text) in {"不补考", "无补考"} else read_count(text)


def read_minutes(text: str) -> int:
    """`50`, `50 分钟`, `1 小时 30 分` -> seconds."""
    found = _MINUTES.fullmatch(plain(text))
    if not found or not (found[1] or found[2]):
        raise BadValue(f"“{text}”不是时长", "写分钟数，例如 50 分钟")
    return int(found[1] or 0) * 3600 + int(found[2] or 0) * 60


def read_months(text: str) -> int | None:
    """`24 个月`, `2 年` -> months; `不限` -> None."""
    if plain(text).lower() in _NONE:
        return None
    found = _MONTHS.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是有效期", "写“24 个月”“2 年”或“不限”")
    return int(found[1]) * (12 if found[2] == "年" else 1)


def read_permille(text: str) -> int:
    """`20%`, `12.5 %` -> 200, 125."""
    found = _PERMILLE.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是百分数", "写百分数，例如 20%")
    return int(found[1]) * 10 + int(found[2] or 0)


def read_seen(text: str) -> int | None:
    """`避开` -> 0, `最多 5 题` -> 5, `不限` -> None: how many a re-sit may repeat."""
    word = plain(text)
    if word in {"避开", "不出"} or word.lower() in _YES:
        return 0
    if word.lower() in _NONE | _NO:
        return None
    found = _SEEN.fullmatch(word)
    if not found:
        raise BadValue(f"“{text}”看不懂", "写“避开”“最多 5 题”或“不限”")
    return int(found[1])


def read_difficulty(text: str) -> tuple[int, int]:
    """`3` -> (3, 3); `2-4` -> (2, 4)."""
    found = _RANGE.fullmatch(plain(text))
    if not found:
        raise BadValue(f"“{text}”不是难度", "写 1 到 5 的一个数，或一个范围，例如 2-4")
    return int(found[1]), int(found[2] or found[1])


def read_flag(text: str) -> bool:
    """`是` / `否`."""
    word = plain(text).lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise BadValue(f"“{text}”看不懂", "写“是”或“否”")


def read_choice(text: str, choices: Mapping[str, T]) -> T:
    """One of the known words, Chinese or code."""
    word = plain(text)
    if word in choices:
        return choices[word]
    raise BadValue(f"没有“{text}”这个选项", nearest(word, choices) or _one_of(choices))


def read_words(text: str) -> list[str]:
    """`监察法、刑法` -> two words."""
    return [word.strip() for word in _SEPARATORS.split(text) if word.strip()]


def nearest(word: str, known: Collection[str]) -> str:
    """「是不是“…”」 for a misspelt word, "" when nothing is near."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"是不是“{close[0]}”" if close else ""


def _one_of(choices: Mapping[str, T]) -> str:
    words = [word for word in choices if not word.isascii()] or list(choices)
    return "可以写：" + "、".join(words)
