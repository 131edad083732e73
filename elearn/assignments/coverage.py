"""Which assignments count, when they are due, and whom they ask.

Nothing is copied per person. Coverage is subtree x rank x active (and the exam's own list, the
course's 党员 or 非党员), once as a condition (`coverage`) and once for people already read
(`Asked`); a test holds the two together.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import contains_eager

from elearn.exams.makeups.conditions import excused
from elearn.models import (
    Assignment,
    AssignmentKind,
    Course,
    Exam,
    ExamCandidate,
    OrgUnit,
    Party,
    Person,
)


@dataclass(frozen=True, slots=True)
class Who:
    """What coverage looks at."""

    id: int
    path: str
    rank: str
    party: str | None
    joined: datetime


def assignments_in_force() -> Select[Assignment]:
    """Those that count: not cancelled, and neither is what they ask for. With unit, course, exam."""
    return (
        select(Assignment)
        .join(Assignment.org_unit)
        .outerjoin(Assignment.course)
        .outerjoin(Assignment.exam)
        .where(
            Assignment.cancelled_at.is_(None),
            or_(
                and_(Course.active, Course.current_revision_id.is_not(None)),
                and_(Exam.id.is_not(None), Exam.cancelled_at.is_(None)),
            ),
        )
        .options(
            contains_eager(Assignment.org_unit),
            contains_eager(Assignment.course).joinedload(Course.current),
            contains_eager(Assignment.exam),
        )
    )


def is_in_force(assignment: Assignment) -> bool:
    """The same for a loaded row."""
    if assignment.cancelled_at is not None:
        return False
    if assignment.exam is not None:
        return assignment.exam.cancelled_at is None
    course = assignment.course
    return course is not None and course.active and course.current_revision_id is not None


def due_of(assignment: Assignment) -> datetime:
    """An exam that closes before its assignment is due is due when it closes."""
    exam = assignment.exam
    return min(assignment.due_at, exam.closes_at) if exam else assignment.due_at


def is_exam(assignment: Assignment) -> bool:
    """An exam, not a course."""
    return assignment.kind == AssignmentKind.EXAM


def split_ranks(words: str) -> list[str]:
    """`|a|b|` -> [a, b]."""
    return [rank for rank in words.split("|") if rank]


class Asked:
    """`coverage` for people already read; what does not depend on the person is worked out once."""

    def __init__(self, assignment: Assignment):
        exam = assignment.exam
        self._path = assignment.org_unit.path
        self._due = due_of(assignment)
        self._ranks = frozenset(split_ranks(assignment.ranks))
        self._listed_only = exam is not None and exam.listed_only
        self._excluded = frozenset(_excluded_parties(assignment))

    def asks(self, who: Who, *, listed: bool, excused: bool = False) -> bool:
        """Does the assignment ask this active person? `listed`: named for the exam; `excused`:
        deferred or exempted."""
        return (
            not excused
            and who.path.startswith(self._path)
            and (not self._ranks or who.rank in self._ranks)
            and (listed or not self._listed_only)
            and who.party not in self._excluded
            and who.joined <= self._due
        )


def coverage(assignment: Assignment) -> list[ColumnElement[bool]]:
    """Whom it asks, as conditions on Person joined with OrgUnit."""
    conditions: list[ColumnElement[bool]] = [
        Person.active.is_(True),
        OrgUnit.path.startswith(assignment.org_unit.path, autoescape=True),
        # Nobody is late for what was over before they came.
        Person.created_at <= due_of(assignment),
    ]
    ranks = split_ranks(assignment.ranks)
    if ranks:
        conditions.append(Person.rank.in_(ranks))
    if assignment.exam is not None and assignment.exam.listed_only:
        conditions.append(
            exists().where(
                ExamCandidate.exam_id == assignment.exam.id, ExamCandidate.person_id == Person.id
            )
        )
    if assignment.exam is not None:
        conditions.append(~excused(assignment.exam.id))
    excluded = _excluded_parties(assignment)
    if excluded:
        conditions.append(or_(Person.party.is_(None), Person.party.not_in(excluded)))
    return conditions


def _excluded_parties(assignment: Assignment) -> list[str]:
    """As in `courses.queries.admits`: only 党员 and 非党员 exclude anybody, and nobody whose
    political status is not known."""
    revision = assignment.course.current if assignment.course else None
    named = {Party.PARTY, Party.NON_PARTY} & set(revision.audience if revision else ())
    return [party.value for party in Party if named and party not in named]
