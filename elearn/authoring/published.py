"""Courses as trainers see them: published revisions, the files they came from, their quizzes."""

import re
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, contains_eager

from elearn.bank.laws import CitationLink, cite, load_registry
from elearn.core.errors import NotFound
from elearn.courses.queries import lesson_totals
from elearn.courses.quizzes import quiz_rows
from elearn.models import (
    ContentFile,
    Course,
    CourseRevision,
    FileKind,
    Lesson,
    LessonCitation,
    LessonQuizItem,
)

from .queries import Keyed, keyed

COURSE_FILE: Final = "course.md"
_CODE_LINE: Final = re.compile(r"^(?:编号|id)\s*[:：]\s*[\"']?([a-z0-9-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A course in the overview; `active` False when its folder is gone."""

    course: Course
    revision: CourseRevision
    lessons: int
    items: int


def course_lines(session: Session) -> list[CourseLine]:
    """Every course that was ever published, strand by strand, live ones first."""
    rows = session.execute(
        select(Course, CourseRevision)
        .join(CourseRevision, CourseRevision.id == Course.current_revision_id)
        .order_by(Course.active.desc(), CourseRevision.strand, Course.code)
    ).all()
    ids = [revision.id for _, revision in rows]
    totals = lesson_totals(session, ids)
    items = dict(
        session.execute(
            select(Lesson.course_revision_id, func.count())
            .join(LessonQuizItem, LessonQuizItem.lesson_id == Lesson.id)
            .where(Lesson.course_revision_id.in_(ids))
            .group_by(Lesson.course_revision_id)
        ).all()
    )
    return [
        CourseLine(course, revision, totals.get(revision.id, (0, 0))[0], items.get(revision.id, 0))
        for course, revision in rows
    ]


def published_files(session: Session) -> dict[str, str]:
    """Path -> SHA-256 of every content file the database holds."""
    return dict(session.execute(select(ContentFile.path, ContentFile.sha256)).all())


def find_course(session: Session, code: str) -> CourseRevision:
    """The current revision, also of a course that learners no longer see."""
    revision = session.scalar(
        select(CourseRevision)
        .join(Course, Course.current_revision_id == CourseRevision.id)
        .where(Course.code == code)
        .options(contains_eager(CourseRevision.course))
    )
    if revision is None:
        raise NotFound("没有这门课程。")
    return revision


def find_lesson(session: Session, *, course: CourseRevision, lesson_code: str) -> Lesson:
    """A lesson of this revision."""
    lesson = session.scalar(
        select(Lesson).where(Lesson.course_revision_id == course.id, Lesson.code == lesson_code)
    )
    if lesson is None:
        raise NotFound("没有这一节。")
    return lesson


def keyed_quiz(session: Session, lesson: Lesson) -> list[Keyed]:
    """The questions of a lesson with their keys."""
    rows = quiz_rows(session, lesson)
    return keyed(session, [(row.hash, row.code, row.slot) for row in rows])


def folder_of(session: Session, course: CourseRevision) -> str | None:
    """The folder the course was published from; None when its files are gone."""
    end = "/" + COURSE_FILE
    files = _files(session, ContentFile.path.endswith(end, autoescape=True))
    found = (path for path, data in files if _code_in(data) == course.course.code)
    return next((path.removesuffix(end) for path in found), None)


def lesson_files(session: Session, folder: str | None) -> dict[str, str]:
    """Lesson code -> its file."""
    if folder is None:
        return {}
    inside = ContentFile.path.startswith(folder + "/", autoescape=True)
    files = _files(session, inside, ContentFile.path.endswith(".md"))
    return {_code_in(data): path for path, data in files if not path.endswith("/" + COURSE_FILE)}


def _files(session: Session, *conditions: ColumnElement[bool]) -> list[tuple[str, bytes]]:
    query = select(ContentFile.path, ContentFile.data).where(
        ContentFile.kind == FileKind.COURSE, *conditions
    )
    return list(session.execute(query.order_by(ContentFile.path)))


def _code_in(data: bytes) -> str:
    """The code a course or lesson file gives itself."""
    match = _CODE_LINE.search(data.decode("utf-8-sig", errors="replace"))
    return match[1] if match else ""


def citations_of(session: Session, lesson: Lesson) -> list[CitationLink]:
    """What text and quiz of the lesson cite."""
    registry = load_registry(session)
    rows = session.scalars(
        select(LessonCitation)
        .where(LessonCitation.lesson_id == lesson.id)
        .order_by(LessonCitation.law, LessonCitation.article)
    )
    texts = (
        f"{one.law}@{one.version}" + (f"#{one.article}" if one.article else "") for one in rows
    )
    return [cite(registry, text) for text in texts]
