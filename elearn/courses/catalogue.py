"""The catalogue: finding courses by strand, kind and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, func, not_, or_, select
from sqlalchemy.orm import Session, defer

from elearn.core.taxonomy import Strand
from elearn.models import (
    Course,
    CourseRevision,
    LawVersion,
    Lesson,
    LessonCitation,
    Person,
    RecordKind,
    TrainingRecord,
)

from .queries import completed, finished_counts, lesson_totals, visible_courses


class Show(StrEnum):
    """Which courses: all, 必修, 选修, 未完成."""

    ALL = "all"
    REQUIRED = "required"
    ELECTIVE = "elective"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Filters:
    """`words` must each be found in the title, the summary, a lesson's title or a cited law."""

    strand: Strand | None = None
    show: Show = Show.ALL
    text: str = ""

    @property
    def words(self) -> list[str]:
        """At most five: more say nothing more."""
        return self.text.split()[:5]


@dataclass(frozen=True, slots=True)
class CourseCard:
    """One course in the list. `finished` lessons; None when the person has opened none."""

    revision: CourseRevision
    lessons: int
    minutes: int
    finished: int | None
    done: bool


def catalogue_query(person: Person, filters: Filters) -> Select[CourseRevision]:
    """Strand by strand, required courses first."""
    query = _filtered(visible_courses(person), person, filters)
    if filters.strand:
        query = query.where(CourseRevision.strand == filters.strand)
    order = case(
        {strand.value: at for at, strand in enumerate(Strand)}, value=CourseRevision.strand
    )
    return query.options(defer(CourseRevision.intro_html)).order_by(
        order, CourseRevision.required.desc(), CourseRevision.title, CourseRevision.id
    )


def strand_counts(session: Session, *, person: Person, filters: Filters) -> dict[Strand, int]:
    """Courses per strand under the other filters; every strand is there, also with 0."""
    shown = _filtered(visible_courses(person), person, filters).subquery()
    rows = session.execute(select(shown.c.strand, func.count()).group_by(shown.c.strand))
    counts = {Strand(strand): count for strand, count in rows}
    return {strand: counts.get(strand, 0) for strand in Strand}


def cards(
    session: Session, *, person: Person, revisions: Sequence[CourseRevision]
) -> list[CourseCard]:
    """What the list says about each course, in three statements for the whole page."""
    ids = [revision.id for revision in revisions]
    totals = lesson_totals(session, ids)
    finished = finished_counts(session, person=person, revision_ids=ids)
    done = set(
        session.scalars(
            select(TrainingRecord.subject_code).where(
                TrainingRecord.person_id == person.id,
                TrainingRecord.kind == RecordKind.COURSE,
                TrainingRecord.subject_code.in_([one.course.code for one in revisions]),
            )
        )
    )
    return [
        CourseCard(
            revision,
            *totals.get(revision.id, (0, 0)),
            finished=finished.get(revision.id),
            done=revision.course.code in done,
        )
        for revision in revisions
    ]


def _filtered(
    query: Select[CourseRevision], person: Person, filters: Filters
) -> Select[CourseRevision]:
    if filters.show is Show.OPEN:
        query = query.where(not_(completed(person)))
    elif filters.show is not Show.ALL:
        query = query.where(CourseRevision.required == (filters.show is Show.REQUIRED))
    for word in filters.words:
        query = query.where(_mentions(word))
    return query


def _mentions(word: str) -> ColumnElement[bool]:
    in_lessons = (
        select(Lesson.id)
        .where(Lesson.course_revision_id == CourseRevision.id)
        .where(Lesson.title.icontains(word, autoescape=True))
    )
    in_laws = (
        select(LessonCitation.id)
        .join(Lesson, Lesson.id == LessonCitation.lesson_id)
        .outerjoin(LawVersion, LawVersion.short == LessonCitation.law)
        .where(
            Lesson.course_revision_id == CourseRevision.id,
            or_(
                LessonCitation.law.icontains(word, autoescape=True),
                LawVersion.title.icontains(word, autoescape=True),
            ),
        )
    )
    return or_(
        CourseRevision.title.icontains(word, autoescape=True),
        CourseRevision.summary.icontains(word, autoescape=True),
        Course.code == word,
        in_lessons.exists(),
        in_laws.exists(),
    )
