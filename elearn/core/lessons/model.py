"""What a course is, apart from files and tables."""

from dataclasses import dataclass, field
from typing import Any

from elearn.core.canonical import content_hash
from elearn.core.lessons.tasks import LessonTask
from elearn.core.questions.model import Citation, Question
from elearn.core.taxonomy import Strand


@dataclass(frozen=True, slots=True)
class CompletionRule:
    """Version 1 of the completion rule; evidence is what the server saw itself.

    `lessons`: how many lessons must be read (None = all); `study_minutes`: least visible time
    over the whole course as counted by the server; `study_days`: least number of days (Beijing
    time) with study of the course; `quiz`: every required quiz passed.
    """

    lessons: int | None = None
    study_minutes: int = 0
    quiz: bool = True
    version: int = 1
    study_days: int = 0

    def canonical(self) -> dict[str, Any]:
        """Stored with the course revision and with every record decided by it; days only when
        some are asked for (hashes stay)."""
        return {
            "version": self.version,
            "lessons": self.lessons,
            "study_minutes": self.study_minutes,
            "quiz": self.quiz,
            **({"study_days": self.study_days} if self.study_days else {}),
        }


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A heading of the lesson: level 2..4, anchor id, text."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Asset:
    """An image, audio or video file of the course folder."""

    name: str
    mime: str
    data: bytes = field(repr=False)
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson file. `html` is sanitised; each quiz fence appears in it as an empty
    `<div class="quiz-slot" id="quiz-N" data-quiz="N"></div>` where N is the index into `quizzes`
    (a tuple of fences, each a tuple of questions), and each of `tasks` as a `task-slot` alike. No key
    or explanation is in `html`."""

    code: str
    title: str
    minutes: int
    quiz_required: bool
    source: str
    html: str
    toc: tuple[TocEntry, ...] = ()
    quizzes: tuple[tuple[Question, ...], ...] = ()
    file: str = ""
    citations: tuple[Citation, ...] = ()
    tasks: tuple[LessonTask, ...] = ()

    def canonical(self) -> dict[str, Any]:
        """The source text decides; rendering may improve without a new revision."""
        return {"code": self.code, "source": self.source}


@dataclass(frozen=True, slots=True)
class Course:
    """A course folder. `hours_centi`: hundredths of a credit hour (学时)."""

    code: str
    title: str
    strand: Strand
    topics: tuple[str, ...]
    summary: str
    required: bool
    hours_centi: int
    audience: tuple[str, ...]
    rule: CompletionRule
    intro_html: str
    source: str
    lessons: tuple[Lesson, ...]
    assets: tuple[Asset, ...] = ()
    folder: str = ""

    def canonical(self) -> dict[str, Any]:
        """Identity of the revision: the texts and the assets, nothing rendered."""
        return {
            "code": self.code,
            "source": self.source,
            "lessons": [lesson.canonical() for lesson in self.lessons],
            "assets": [[a.name, a.sha256] for a in self.assets],
        }

    @property
    def revision_hash(self) -> str:
        """64 hex digits."""
        return content_hash(self.canonical())
