"""How long a lesson takes to read and how heavy its sentences are.

Rate: adults read Chinese silently at about 260 characters a minute (M. Brysbaert, How many words do
we read per minute? A review and meta-analysis of reading rate, Journal of Memory and Language 109
(2019) 104047). Common characters: the 3755 of the first level of GB/T 2312-1980. What counts as a
long sentence, and what a lesson may last, are the house's own.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Final

from elearn.core.lessons.model import Lesson
from elearn.core.problems import Problem
from elearn.core.questions.model import Question

RATE: Final = 260  # characters a minute
LONG: Final = 40  # characters in one sentence
SHORTEST, LONGEST = 5, 15  # minutes of a lesson
FACTOR: Final = 2  # declared minutes against reading time

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_READ: Final = re.compile(r"[\u3400-\u9fff]|[A-Za-z0-9]+")  # a number or a word is read at once
_SENTENCE: Final = re.compile(r"[。！？；?!;…\n]+")
_EDGE: Final = re.compile(
    r"</?(?:p|li|ul|ol|h[2-6]|t[hdr]|table|div|aside|details|summary|figure|figcaption|blockquote"
    r"|pre|section|form|fieldset|legend|label|button|br)\b[^<>]*>"
)
_TAG: Final = re.compile(r"<[^<>]*>")
_BLOCK: Final = re.compile(r"<(?:p|li|table|figure|blockquote|pre|h[2-6])\b")


@dataclass(frozen=True, slots=True)
class LessonFigures:
    """Figures of one lesson; shares are 0 to 1. `characters` are what is read: Chinese characters,
    and words or numbers in other writing, of the text and of the quiz with its explanations."""

    characters: int
    quiz_characters: int
    reading_minutes: float
    declared_minutes: int
    sentences: int
    sentence_length: float
    long_share: float
    rare_share: float
    blocks: int
    quiz_items: int
    tasks: int
    citations: int

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def figures_of(lesson: Lesson) -> LessonFigures:
    """Counts what the page shows; a word hidden in markup is not read."""
    text = plain_text(lesson.html)
    questions = [question for fence in lesson.quizzes for question in fence]
    quiz = "\n".join(_quiz_texts(questions))
    tasks = "\n".join(f"{task.title}\n{task.text}" for task in lesson.tasks)
    whole = f"{text}\n{tasks}"
    lengths = [n for part in _SENTENCE.split(whole) if (n := len(_READ.findall(part)))]
    han = _HAN.findall(whole + quiz)
    quiz_characters = len(_READ.findall(quiz))
    characters = sum(lengths) + quiz_characters
    return LessonFigures(
        characters=characters,
        quiz_characters=quiz_characters,
        reading_minutes=round(characters / RATE, 1),
        declared_minutes=lesson.minutes,
        sentences=len(lengths),
        sentence_length=round(sum(lengths) / len(lengths), 1) if lengths else 0.0,
        long_share=_share(sum(n > LONG for n in lengths), len(lengths)),
        rare_share=_share(sum(not is_common(char) for char in han), len(han)),
        blocks=len(_BLOCK.findall(lesson.html)),
        quiz_items=len(questions),
        tasks=len(lesson.tasks),
        citations=len(lesson.citations),
    )


def check_pace(lesson: Lesson, file: str) -> list[Problem]:
    """Hints about the declared minutes; a reviewer decides."""
    found = figures_of(lesson)
    declared, needed = found.declared_minutes, found.reading_minutes
    about = f"《{lesson.title}》标注 {declared} 分钟"
    messages: list[tuple[str, str]] = []
    if not SHORTEST <= declared <= LONGEST:
        message = f"{about}，一节以 {SHORTEST} 到 {LONGEST} 分钟为宜"
        messages.append((message, "拆成两节，或和相邻的一节合并"))
    if declared > FACTOR * needed or needed > FACTOR * declared:
        message = f"{about}，按每分钟 {RATE} 字读完约 {needed:g} 分钟，相差一倍以上"
        messages.append((message, "改“分钟”，或增减内容"))
    return [Problem(file, 1, 1, "L-pace", message, hint, "warning") for message, hint in messages]


def plain_text(rendered: str) -> str:
    """What the page shows of rendered HTML, one block a line."""
    return html.unescape(_TAG.sub("", _EDGE.sub("\n", rendered)))


def is_common(character: str) -> bool:
    """Is it one of the 3755 characters of GB/T 2312 level 1 (rows 16 to 55)?"""
    try:
        first, _ = character.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return False
    return 0xB0 <= first <= 0xD7


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def _quiz_texts(questions: Iterable[Question]) -> Iterable[str]:
    for question in questions:
        yield question.stem
        for part in question.parts:
            yield part.stem
            yield from part.options
            yield part.explanation
        yield question.explanation
