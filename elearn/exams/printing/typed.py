"""What a person reads off an answer sheet and types: `A`, `BC`, `对`, `-`; checked at once.

Letters are those printed on the candidate's own form; what is stored are original options, as
everywhere (`attempts.events.canonical_answer`).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from elearn.core.assembly.paper import Paper, PaperItem, PaperPart
from elearn.core.errors import DomainError
from elearn.core.grading.answers import CHOICES, Answer, is_empty, shown_options
from elearn.core.grading.grade import Place
from elearn.core.questions.model import QuestionType
from elearn.exams.attempts.events import canonical_answer
from elearn.exams.attempts.sheet import LETTERS

RIGHT: Final = frozenset({"对", "√", "✓", "正确", "T", "Y", "是"})
WRONG: Final = frozenset({"错", "×", "✗", "X", "错误", "F", "N", "否"})
NOTHING: Final = frozenset({"-", "—", "–", "－", "/", "空", "未答", "_"})
_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
_BLANKS: Final = re.compile(r"[;；|]")
_TEXT_LINE: Final = re.compile(
    r"\s*(\d{1,3})\s*(?:[（(.\-]\s*(\d{1,2})\s*[)）]?)?[\s:：、.]\s*(.*)"
)


@dataclass(slots=True)
class Entry:
    """What was read for one paper. `problems` are sentences naming the question."""

    answers: dict[Place, Answer] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def label_of(item: PaperItem, part: int) -> str:
    """`12`, or `41(2)` for the second question of a case."""
    return str(item.number) if len(item.parts) == 1 else f"{item.number}({part + 1})"


def places(paper: Paper) -> Iterable[tuple[Place, str, PaperPart]]:
    """Every part in paper order with its label."""
    for item in paper.items:
        for at, part in enumerate(item.parts):
            yield (item.number, at), label_of(item, at), part


def choice_count(paper: Paper) -> int:
    """How many answers the line of letters must have."""
    return sum(part.type in CHOICES for _, _, part in places(paper))


def read_entry(paper: Paper, letters: str, texts: str) -> Entry:
    """`letters`: one word per choice part in paper order; `texts`: lines of `label answer`."""
    entry = Entry()
    choices = [each for each in places(paper) if each[2].type in CHOICES]
    words = [word for word in _BETWEEN.split(letters.strip()) if word]
    if len(words) != len(choices):
        entry.problems.append(
            f"选择题和判断题共 {len(choices)} 个答案，读到 {len(words)} 个。没有作答的请填 -"
        )
    for (place, label, part), word in zip(choices, words, strict=False):
        _put(entry, place, label, part, word)
    _read_texts(entry, paper, texts)
    return entry


def read_lines(paper: Paper, text: str) -> Entry:
    """Lines of `label answer` for some questions of any type; what is not named is not in it."""
    entry = Entry()
    parts = {label: (place, part) for place, label, part in places(paper)}
    _read_lines(entry, text, parts, "试卷上没有第 {} 题")
    return entry


def read_part(part: PaperPart, text: str) -> Answer:
    """One answer as written. Raises DomainError saying what is expected."""
    text = unicodedata.normalize("NFKC", text).strip() if part.type in CHOICES else text.strip()
    if part.type in CHOICES:
        positions = [] if not text or text in NOTHING else _positions(part, text)
        return canonical_answer(part, positions)
    if part.type is QuestionType.BLANK:
        if not text or text in NOTHING:
            return canonical_answer(part, [""] * part.blanks)
        # One blank takes the whole text: its answer may hold a semicolon.
        pieces = [text] if part.blanks == 1 else [p.strip() for p in _BLANKS.split(text)]
        if len(pieces) != part.blanks:
            raise DomainError(
                f"这道题有 {part.blanks} 个空，读到 {len(pieces)} 个；空与空之间用分号隔开"
            )
        return canonical_answer(part, pieces)
    return canonical_answer(part, "" if text in NOTHING else text)


def shown_answer(part: PaperPart, answer: Answer | None) -> str:
    """The answer as it stands on the sheet: `BC`, `对`, the texts; 未答 for none."""
    if answer is None or is_empty(answer):
        return "未答"
    if part.type in CHOICES:
        positions = shown_options(part, [int(option) for option in answer])
        if part.type is QuestionType.TRUE_FALSE:
            return "、".join("对错"[part.option_order[at]] for at in positions)
        return "".join(LETTERS[at] for at in positions)
    return "；".join(answer) if isinstance(answer, list) else str(answer)  # type: ignore[arg-type]  # texts


def without_empty(answers: Mapping[Place, Answer]) -> dict[Place, Answer]:
    """Only what was answered."""
    return {place: answer for place, answer in answers.items() if not is_empty(answer)}


def _positions(part: PaperPart, text: str) -> list[int]:
    if part.type is QuestionType.TRUE_FALSE:
        word = text.upper()
        if word in RIGHT or word in WRONG:
            return [part.option_order.index(0 if word in RIGHT else 1)]
        raise DomainError(f"判断题填 对 或 错，读到“{text}”")
    last = LETTERS[len(part.option_order) - 1]
    letters = text.upper()
    for letter in letters:
        if not "A" <= letter <= last:
            raise DomainError(f"没有选项“{letter}”，这道题是 A 至 {last}")
    if len(set(letters)) != len(letters):
        raise DomainError(f"同一个选项写了两次：“{text}”")
    if part.type is QuestionType.SINGLE and len(letters) > 1:
        raise DomainError(f"单选题只能有一个选项，读到“{text}”；涂了两个的按未答填 -")
    return [LETTERS.index(letter) for letter in letters]


def _read_texts(entry: Entry, paper: Paper, texts: str) -> None:
    written = {
        label: (place, part) for place, label, part in places(paper) if part.type not in CHOICES
    }
    _read_lines(entry, texts, written, "第 {} 题不是填空或简答题")


def _read_lines(
    entry: Entry, text: str, parts: Mapping[str, tuple[Place, PaperPart]], unknown: str
) -> None:
    """`parts` by label; `unknown` is the sentence about a label that is not among them."""
    seen: set[str] = set()
    for line in filter(str.strip, text.splitlines()):
        found = _TEXT_LINE.fullmatch(line + ("" if line.rstrip() != line else " "))
        if found is None:
            entry.problems.append(f"这一行开头没有题号：“{line.strip()[:20]}”")
            continue
        number, part_number, answer = found.groups()
        label = number if part_number is None else f"{number}({part_number})"
        if label not in parts:
            entry.problems.append(unknown.format(label))
        elif label in seen:
            entry.problems.append(f"第 {label} 题写了两行")
        else:
            seen.add(label)
            place, part = parts[label]
            _put(entry, place, label, part, answer)


def _put(entry: Entry, place: Place, label: str, part: PaperPart, text: str) -> None:
    try:
        entry.answers[place] = read_part(part, text)
    except DomainError as error:
        entry.problems.append(f"第 {label} 题：{error.message}")
