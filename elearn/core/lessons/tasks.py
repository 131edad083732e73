"""What a lesson asks a person to hand over: a pledge to sign, a reflection to write.

    承诺书 pledge      the text as it is signed; clauses as `- …` lines
    心得 reflection    the question; optionally a line `字数：100-800`

Problem codes: L-task-text, L-task-length.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from elearn.core.canonical import content_hash

SHORTEST: Final = 20
LONGEST: Final = 3000
MAX_PLEDGE: Final = 2000
_LENGTH = re.compile(
    r"[ \t]*字数[:：][ \t]*(?P<least>\d{1,4})[ \t]*(?:[-–—~～到至][ \t]*(?P<most>\d{1,5}))?[ \t]*字?"
)

Tell = Callable[[int, str, str, str], None]


class TaskKind(StrEnum):
    """What is handed over."""

    PLEDGE = "PLEDGE"
    REFLECTION = "REFLECTION"


TASK_FENCES: Final = {"承诺书": TaskKind.PLEDGE, "心得": TaskKind.REFLECTION}
TASK_NAMES: Final = {kind: name for name, kind in TASK_FENCES.items()}


@dataclass(frozen=True, slots=True)
class LessonTask:
    """`text` is plain text with `**bold**`; `least` and `most` bound a reflection's characters
    (0 and 0 for a pledge)."""

    kind: TaskKind
    title: str
    text: str
    least: int = 0
    most: int = 0

    def canonical(self) -> dict[str, Any]:
        """What the database stores with the lesson."""
        return {
            "kind": self.kind.value,
            "title": self.title,
            "text": self.text,
            "least": self.least,
            "most": self.most,
        }

    @property
    def text_hash(self) -> str:
        """What was signed or answered, as 64 hex digits: other words are another task."""
        return content_hash([self.kind.value, self.title, self.text])


def task_from_canonical(stored: Mapping[str, Any]) -> LessonTask:
    """The inverse of `LessonTask.canonical()`."""
    return LessonTask(**{**stored, "kind": TaskKind(stored["kind"])})


def read_task(
    kind: TaskKind, title: str, lines: Sequence[str], first_line: int, tell: Tell
) -> LessonTask:
    """A fence read; `first_line` is its first line inside. Problems are told, never raised."""
    name, kept = TASK_NAMES[kind], []
    least, most = (SHORTEST, LONGEST) if kind is TaskKind.REFLECTION else (0, 0)
    for number, raw in enumerate(lines, start=first_line):
        match = _LENGTH.fullmatch(raw) if kind is TaskKind.REFLECTION else None
        if match:
            least, most = int(match["least"]), int(match["most"] or LONGEST)
            if not 1 <= least < most <= LONGEST:
                hint = f"写成 字数：100-800，最多 {LONGEST}"
                tell(number, "L-task-length", "字数的范围不对", hint)
        else:
            kept.append(raw.rstrip())
    text = "\n".join(kept).strip()
    if not text:
        tell(first_line - 1, "L-task-text", f"{name}里没有内容", "写在围栏里面")
    if "[[" in text:
        hint = "写出法规的名称和条，不用 [[…]]"
        tell(first_line - 1, "L-task-text", f"{name}里不能引用法条", hint)
    if kind is TaskKind.PLEDGE and len(text) > MAX_PLEDGE:
        message = f"承诺书有 {len(text)} 个字，超过 {MAX_PLEDGE}"
        tell(first_line - 1, "L-task-text", message, "写短些，一页能看完")
    return LessonTask(kind, title or name, text, least, most)
