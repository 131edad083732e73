"""Question -> the text of the file syntax, the canonical way to write it.

`parse_bank_file(format_question(q))` gives `q` back for every question whose texts are
normalised (no double blanks, no line ends inside options) and whose laws are registered.
"""

import re
from collections.abc import Iterable

from elearn.core.questions.model import (
    PURPOSE_NAMES,
    STATUS_NAMES,
    TYPE_NAMES,
    Part,
    Purpose,
    Question,
    QuestionStatus,
    QuestionType,
    RubricPoint,
)
from elearn.core.questions.syntax import classify
from elearn.core.taxonomy import AUDIENCE_NAMES

_SPECIAL = re.compile(r"([\\;；|｜])")


def format_question(question: Question) -> str:
    """The item with everything written out (topic, versions), ending in a newline."""
    lines: list[str] = []
    if question.type is QuestionType.CASE:
        lines += _prose(f"【{TYPE_NAMES[question.type]}】", question.stem)
        if question.explanation:
            lines += _prose("解析：", question.explanation)
        for number, part in enumerate(question.parts, 1):
            lines += _part(part, f"（{number}）")
    else:
        lines += _part(question.parts[0], "")
    lines += _fields(question)
    return "\n".join(lines) + "\n"


def format_bank(questions: Iterable[Question]) -> str:
    """Several items, a blank line between them."""
    return "\n".join(format_question(question) for question in questions)


def _part(part: Part, number: str) -> list[str]:
    lines = _prose(f"{number}【{TYPE_NAMES[part.type]}】", part.stem)
    if part.type in (QuestionType.SINGLE, QuestionType.MULTI):
        lines += [f"{_letter(index)}. {text}" for index, text in enumerate(part.options)]
        lines.append("答案：" + "".join(_letter(index) for index in part.key))
    elif part.type is QuestionType.TRUE_FALSE:
        lines.append(f"答案：{part.options[part.key[0]]}")
    elif part.type is QuestionType.BLANK:
        lines.append("答案：" + "；".join(_accepted(blank) for blank in part.blanks))
    else:
        lines += _prose("参考答案：", part.reference)
        lines += ["评分要点：", *(f"- {_point(point)}" for point in part.rubric)]
    lines += _prose("解析：", part.explanation)
    if part.fixed_order:
        lines.append("选项：固定")
    return lines


def _fields(question: Question) -> list[str]:
    fields = [
        ("依据", "；".join(citation.as_text() for citation in question.citations)),
        ("难度", str(question.difficulty)),
        ("主题", question.topic),
        ("对象", "、".join(AUDIENCE_NAMES[code] for code in question.audience)),
        ("标签", "、".join(question.tags)),
        ("事实", "、".join(question.facts)),
        ("状态", _status(question.status)),
        ("用途", "" if question.purpose is Purpose.BOTH else PURPOSE_NAMES[question.purpose]),
        ("编号", question.code),
    ]
    return [f"{name}：{value}" for name, value in fields if value]


def _status(status: QuestionStatus) -> str:
    return "" if status is QuestionStatus.ACTIVE else STATUS_NAMES[status]


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _accepted(blank: tuple[str, ...]) -> str:
    return "|".join(_SPECIAL.sub(r"\\\1", text) for text in blank)


def _point(point: RubricPoint) -> str:
    whole, rest = divmod(point.points_centi, 100)
    points = f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
    return f"{point.text}（{points}分）"


def _prose(start: str, text: str) -> list[str]:
    r"""The first line follows `start`; a later line that would read as something else than text
    gets a backslash in front."""
    first, *rest = text.split("\n")
    return [start + first, *(_escape(line) for line in rest)]


def _escape(line: str) -> str:
    needs = line.startswith("\\") or classify(line).kind != "text"
    return "\\" + line if needs else line
