"""Duties of people already read: what each assignment asks of them, and how far they are.

A duty is one person x one assignment.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from elearn.core.duties import DutyState, Fact, duty_state
from elearn.core.rates import Counts
from elearn.exams.makeups.conditions import changed_duties
from elearn.models import (
    Assignment,
    Attempt,
    ExamCandidate,
    LessonProgress,
    RecordKind,
    TrainingRecord,
)

from .coverage import Asked, Who, due_of, is_exam
from .facts import sittings

NOBODY: Final = frozenset[int]()
DONE, STARTED, USED_UP = int(Fact.DONE), int(Fact.STARTED), int(Fact.USED_UP)
MADE_UP: Final = int(Fact.TOOK | Fact.PASSED)


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's side of an assignment."""

    assignment: Assignment
    facts: Fact
    state: DutyState
    due_at: datetime
    is_exam: bool


def duties_of(
    session: Session, people: Sequence[Who], assignments: Sequence[Assignment], *, now: datetime
) -> dict[int, list[Duty]]:
    """Person id -> duties, in the order of `assignments`. Five statements at most."""
    facts = _Facts(session, [who.id for who in people], assignments, now)
    found: dict[int, list[Duty]] = {who.id: [] for who in people}
    for assignment in assignments:
        asked, due = Asked(assignment), due_of(assignment)
        exam, past_due = is_exam(assignment), due <= now
        listed, excused = facts.listed(assignment), facts.excused(assignment)
        bits_of, made = facts.reader(assignment), dict[int, tuple[Fact, DutyState]]()
        for who in people:
            if not asked.asks(who, listed=who.id in listed, excused=who.id in excused):
                continue
            bits = bits_of(who.id)
            if bits not in made:
                seen = Fact(bits)
                made[bits] = seen, duty_state(seen, is_exam=exam, past_due=past_due)
            found[who.id].append(Duty(assignment, *made[bits], due, exam))
    return found


def counts_of_duties(duties: Iterable[Duty]) -> Counts:
    """The duties of one person, counted."""
    states = dict.fromkeys(DutyState, 0)
    exams = took = passed = 0
    for duty in duties:
        states[duty.state] += 1
        if duty.is_exam:
            exams += 1
            took += Fact.TOOK in duty.facts
            passed += Fact.PASSED in duty.facts
    return Counts(
        assigned=sum(states.values()),
        should_sit=exams,
        took=took,
        passed=passed,
        **{state.value.lower(): number for state, number in states.items()},
    )


class _Facts:
    """Facts of these people. A report asks a million times: whatever depends on the assignment
    alone is looked up once."""

    def __init__(
        self,
        session: Session,
        ids: Sequence[int],
        assignments: Sequence[Assignment],
        now: datetime,
    ):
        courses = {a.course for a in assignments if a.course is not None}
        exams = {a.exam for a in assignments if a.exam is not None}
        self._done = _grouped(_done(session, ids, [course.code for course in courses]))
        self._started = _grouped(_started(session, ids, [course.id for course in courses]))
        self._sat = _sat(session, ids, [exam.id for exam in exams], now)
        changed = _changed(session, ids, [exam.id for exam in exams])
        self._excused = _grouped((person, exam) for person, exam, passed in changed if not passed)
        self._made_up = _grouped((person, exam) for person, exam, passed in changed if passed)
        listed = _listed(session, ids, [exam.id for exam in exams if exam.listed_only])
        self._listed = _grouped(listed)

    def listed(self, assignment: Assignment) -> AbstractSet[int]:
        """People named for the exam."""
        return self._listed.get(assignment.exam_id, NOBODY)

    def excused(self, assignment: Assignment) -> AbstractSet[int]:
        """People deferred or exempted."""
        return self._excused.get(assignment.exam_id, NOBODY)

    def reader(self, assignment: Assignment) -> Callable[[int], int]:
        """Person id -> bits of `Fact`."""
        exam, course = assignment.exam, assignment.course
        if exam is None:
            done = self._done.get(course.code, NOBODY) if course else NOBODY
            started = self._started.get(assignment.course_id, NOBODY)
            return lambda person: DONE * (person in done) | STARTED * (person in started)
        sat, most = self._sat.get(exam.id, {}), exam.attempts_max
        made_up = self._made_up.get(exam.id, NOBODY)

        def bits_of(person: int) -> int:
            attempts, bits = sat.get(person, (0, 0))
            if person in made_up:
                bits |= MADE_UP
            return bits | USED_UP if attempts >= most else bits

        return bits_of


def _grouped(pairs: Iterable[tuple[int, Any]]) -> dict[Any, set[int]]:
    """(person, what) -> what: people."""
    found: dict[Any, set[int]] = {}
    for person, what in pairs:
        found.setdefault(what, set()).add(person)
    return found


def _done(session: Session, ids: Sequence[int], codes: Sequence[str]) -> Sequence[Row[int, str]]:
    if not codes:
        return []
    query = select(TrainingRecord.person_id, TrainingRecord.subject_code).where(
        TrainingRecord.kind == RecordKind.COURSE,
        TrainingRecord.subject_code.in_(codes),
        TrainingRecord.person_id.in_(ids),
    )
    return session.execute(query).all()


def _started(
    session: Session, ids: Sequence[int], course_ids: Sequence[int]
) -> Sequence[Row[int, int]]:
    if not course_ids:
        return []
    pair = select(LessonProgress.person_id, LessonProgress.course_id).distinct()
    query = pair.where(LessonProgress.person_id.in_(ids), LessonProgress.course_id.in_(course_ids))
    return session.execute(query).all()


def _sat(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int], now: datetime
) -> dict[int, dict[int, tuple[int, int]]]:
    """Exam id -> person id -> (tries used, bits of `Fact`)."""
    if not exam_ids:
        return {}
    query = sittings(now).where(Attempt.person_id.in_(ids), Attempt.exam_id.in_(exam_ids))
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for row in session.execute(query):
        found.setdefault(row.exam_id, {})[row.person_id] = (row.attempts, row.facts)
    return found


def _changed(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int]
) -> Sequence[Row[int, int, bool]]:
    return session.execute(changed_duties(ids, exam_ids)).all() if exam_ids else []


def _listed(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int]
) -> Sequence[Row[int, int]]:
    if not exam_ids:
        return []
    query = select(ExamCandidate.person_id, ExamCandidate.exam_id).where(
        ExamCandidate.exam_id.in_(exam_ids), ExamCandidate.person_id.in_(ids)
    )
    return session.execute(query).all()
