"""Cells of a roster as text: what a number was meant to say, blanks, widths, what to show."""

import re
import unicodedata
from datetime import date, datetime
from typing import Final

from elearn.core.spreadsheet import Value

_INVISIBLE: Final = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD])
_VISIBLE: Final = {
    "\u3000": "␠", "\u00a0": "␠", "\t": "␉", "\n": "␤", "\r": "␍",
    "\u200b": "‹U+200B›", "\ufeff": "‹U+FEFF›", "\u200d": "‹U+200D›",
}  # fmt: skip
_HAN_GAP: Final = re.compile(
    r"(?<=[\u3400-\u9fff\U00020000-\U0003ffff])\s+(?=[\u3400-\u9fff\U00020000-\U0003ffff])"
)
_STANDARD: Final = {
    code: unicodedata.normalize("NFKC", chr(code))
    for block in (
        range(0xFF10, 0xFF1A),
        range(0xFF21, 0xFF3B),
        range(0xFF41, 0xFF5B),
        range(0xF900, 0xFB00),  # compatibility ideographs
        range(0x2F800, 0x2FA20),
    )
    for code in block
}
_CONTROLS: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SHOWN_LENGTH: Final = 60


def as_text(value: Value) -> str:
    """A number without the `.0` a spreadsheet gives it, dates as 2026-06-30, 是 and 否."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def is_blank(value: Value) -> bool:
    """True for an empty cell and for one of blanks and invisible characters only."""
    return isinstance(value, str) and not value.translate(_INVISIBLE).strip()


def has_control(text: str) -> bool:
    """Control and direction characters, line ends. Rare ideographs newer than this Python and
    private-use characters are not among them, as `str.isprintable` would have it."""
    return any(unicodedata.category(char) in _CONTROLS for char in text)


def clean_code(text: str) -> str:
    """Half width, no blanks around it, nothing invisible."""
    return unicodedata.normalize("NFKC", text).translate(_INVISIBLE).strip()


def clean_text(text: str) -> str:
    """One line: half-width letters and digits, standard ideographs, runs of blanks made one and
    none around it. Chinese punctuation stays as it is."""
    return " ".join(text.translate(_INVISIBLE).translate(_STANDARD).split())


def clean_name(text: str) -> str:
    """As `clean_text`, without the blanks that pad two-character names (`王　伟`)."""
    return _HAN_GAP.sub("", clean_text(text))


def shown(value: Value) -> str:
    """The cell verbatim, with blanks at its ends and odd blanks inside made visible."""
    text = as_text(value)
    if not text:
        return ""
    head = len(text) - len(text.lstrip(" "))
    tail = len(text) - len(text.rstrip(" ")) if head < len(text) else 0
    middle = text[head : len(text) - tail]
    middle = "".join(_VISIBLE.get(char, "�" if has_control(char) else char) for char in middle)
    if len(middle) > _SHOWN_LENGTH:
        middle = middle[:_SHOWN_LENGTH] + "…"
    return "␠" * min(head, 9) + middle + "␠" * min(tail, 9)
