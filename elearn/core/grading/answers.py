"""What a candidate's answer is, and how what a client sends becomes one.

Canonical answers, JSON-able: choice questions a sorted list of *original* option indexes, blanks
a list of texts (one per blank), short answers a text. An empty list, empty texts or an empty text
mean that the answer was taken back. A client shows options in paper order and sends original
indexes, or positions turned into indexes by `original_options`.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import DomainError
from elearn.core.questions.model import Part, QuestionType

Answer = list[int] | list[str] | str

MAX_TEXT: Final = 2000
MAX_BLANK: Final = 200
CHOICES: Final = frozenset({QuestionType.SINGLE, QuestionType.MULTI, QuestionType.TRUE_FALSE})
# Tabs and line ends are text; other control characters and lone surrogates cannot be stored.
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse_answer(part: PaperPart | Part, raw: Any) -> Answer:
    """Check what a client sent for one part. Raises DomainError (E-ANSWER) for any other shape."""
    if part.type in CHOICES:
        count = len(part.options if isinstance(part, Part) else part.option_order)
        return _parse_choice(part.type, count, raw)
    if part.type is QuestionType.BLANK:
        count = len(part.blanks) if isinstance(part, Part) else part.blanks
        return _parse_blanks(count, raw)
    if part.type is QuestionType.SHORT_ANSWER:
        return _parse_text(raw, MAX_TEXT)
    raise _refused("这道题要按小题作答。")


def is_empty(answer: Answer | None) -> bool:
    """Nothing answered, or the answer was taken back."""
    if answer is None or isinstance(answer, str):
        return not (answer or "").strip()
    if answer and isinstance(answer[0], int):
        return False
    return not any(isinstance(entry, int) or entry.strip() for entry in answer)


def original_options(part: PaperPart, shown: Sequence[int]) -> list[int]:
    """Positions on the screen (from 0) -> original option indexes. Raises DomainError."""
    if any(not 0 <= position < len(part.option_order) for position in shown):
        raise _refused("没有这个选项。")
    return sorted(part.option_order[position] for position in shown)


def shown_options(part: PaperPart, original: Sequence[int]) -> list[int]:
    """Original option indexes -> positions on the screen, in screen order."""
    return sorted(part.option_order.index(option) for option in original)


def _parse_choice(kind: QuestionType, count: int, raw: Any) -> list[int]:
    if not isinstance(raw, list):
        raise _refused("答案的格式不对。")
    chosen = sorted(_option(value) for value in raw)
    if any(option >= count for option in chosen):
        raise _refused("没有这个选项。")
    if len(set(chosen)) != len(chosen):
        raise _refused("同一个选项不能选两次。")
    if kind is not QuestionType.MULTI and len(chosen) > 1:
        raise _refused("这道题只能选一个选项。")
    return chosen


def _option(value: Any) -> int:
    """Numbers from JSON, digits from a form."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}", value):
        return int(value)
    raise _refused("没有这个选项。")


def _parse_blanks(count: int, raw: Any) -> list[str]:
    if not isinstance(raw, list) or len(raw) != count:
        raise _refused(f"这道题有 {count} 个空，答案的格式不对。")
    return [_parse_text(value, MAX_BLANK) for value in raw]


def _parse_text(raw: Any, limit: int) -> str:
    if not isinstance(raw, str):
        raise _refused("答案的格式不对。")
    text = _UNSTORABLE.sub("", raw.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > limit:
        raise _refused(f"答案最多 {limit} 个字，现在有 {len(text)} 个字，请删减后再保存。")
    return text


def _refused(message: str) -> DomainError:
    return DomainError(message, code="E-ANSWER")
