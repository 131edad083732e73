"""Small rules about the texts of an item: splitting, joining, comparing."""

import re

from elearn.core.questions.blocks import RawOption
from elearn.core.source_text import fold, one_line

_CJK = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f“”‘’…—]")


def split_escaped(text: str, separators: str, *, keep: bool = False) -> list[str]:
    r"""Split at unescaped separators, trimmed; `\；` is a plain `；` (left escaped with `keep`)."""
    pieces, current, escaped = [], "", False
    for char in text:
        if escaped or (char not in separators and char != "\\"):
            current += ("\\" if escaped and keep else "") + char
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            pieces.append(current.strip())
            current = ""
    pieces.append((current + ("\\" if escaped else "")).strip())
    return pieces


def without_tail(text: str) -> str:
    """`五；` is one answer, not two."""
    return re.sub(r"(?<!\\)[;；\s]+$", "", text)


def unwrap(option: RawOption) -> str:
    """An option wrapped over lines: joined without a space between Chinese characters."""
    text = ""
    for piece in option.lines:
        line = one_line(piece.text)
        gap = " " if text and line and not (_CJK.match(text[-1]) or _CJK.match(line[0])) else ""
        text += gap + line
    return text


def comparable(text: str) -> str:
    """What two texts are compared by: no blanks, no case, no full-width forms."""
    return re.sub(r"\s", "", fold(text)).casefold()
