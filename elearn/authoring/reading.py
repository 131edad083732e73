"""Reading figures of all lessons, for reviewers."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from elearn.core.lessons.figures import LessonFigures, figures_of

from .files import ContentSet

# Heading of a median -> figure.
MEDIANS: Final = {"字数": "characters", "阅读分": "reading_minutes", "均句长": "sentence_length"}


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """One lesson and its figures."""

    course: str
    code: str
    title: str
    figures: LessonFigures

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        named = {"course": self.course, "lesson": self.code, "title": self.title}
        return {**named, **self.figures.as_dict()}

    def text(self) -> str:
        """A line under the headings of `elearn content report`."""
        one = self.figures
        return (
            f"{one.characters:6}{one.reading_minutes:8.1f}{one.declared_minutes:8}"
            f"{one.sentence_length:8.1f}{one.long_share * 100:7.1f}{one.rare_share * 1000:7.1f}"
            f"{one.blocks:6}{one.quiz_items:8}{one.tasks:6}{one.citations:6}  "
            f"{self.code} {self.title}"
        )


def reading_lines(content: ContentSet) -> list[ReadingLine]:
    """By folder and file."""
    return [
        ReadingLine(course.code, lesson.code, lesson.title, figures_of(lesson))
        for _, course in sorted(content.courses.items())
        for lesson in course.lessons
    ]


def medians(lines: Sequence[ReadingLine]) -> dict[str, float]:
    """Heading -> median; nothing without lessons."""
    if not lines:
        return {}
    return {
        name: round(median(getattr(line.figures, figure) for line in lines), 1)
        for name, figure in MEDIANS.items()
    }
