"""Duties of people already read: what each assignment asks of them, and how far they are.

A duty is one person x one assignment.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's side of an assignment."""

    assignment: Assignment
    facts: Fact
    state: DutyState
    due_at: datetime


def duties_of(
    session: Session, people: Sequence[Who], assignments: Sequence[Assignment], *, now: datetime
) -> dict[int, list[Duty]]:
    """Person id -> duties, in the order of `assignments`. Five statements at most."""
    facts = _Facts(session, [who.id for who in people], assignments, now)
    found: dict[int, list[Duty]] = {who.id: [] for who in people}
    for assignment in assignments:
        asked, due = Asked(assignment), due_of(assignment)
        exam, past_due = is_exam(assignment), due <= now
        for who in people:
            if asked.asks(
                who,
                listed=facts.listed(assignment, who.id),
                excused=facts.excused(assignment, who.id),
            ):
                seen = facts.of(assignment, who.id)
                state = duty_state(seen, is_exam=exam, past_due=past_due)
                found[who.id].append(Duty(assignment, seen, state, due))
    return found


def counts_of_duties(duties: Iterable[Duty]) -> Counts:
    """The duties of one person, counted."""
    states = dict.fromkeys(DutyState, 0)
    exams = took = passed = 0
    for duty in duties:
        states[duty.state] += 1
        if duty.assignment.exam_id is not None:
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
    """Facts of these people, looked up by assignment and person."""

    def __init__(
        self,
        session: Session,
        ids: Sequence[int],
        assignments: Sequence[Assignment],
        now: datetime,
    ):
        courses = {a.course for a in assignments if a.course is not None}
        exams = {a.exam for a in assignments if a.exam is not None}
        self._done = _done(session, ids, [course.code for course in courses])
        self._started = _started(session, ids, [course.id for course in courses])
        self._sat = _sat(session, ids, [exam.id for exam in exams], now)
        self._excused: set[tuple[int, int]] = set()
        self._made_up: set[tuple[int, int]] = set()
        for person, exam, passed in _changed(session, ids, [exam.id for exam in exams]):
            (self._made_up if passed else self._excused).add((person, exam))
        self._listed = _listed(session, ids, [exam.id for exam in exams if exam.listed_only])

    def listed(self, assignment: Assignment, person_id: int) -> bool:
        return (person_id, assignment.exam_id) in self._listed

    def excused(self, assignment: Assignment, person_id: int) -> bool:
        return (person_id, assignment.exam_id) in self._excused

    def of(self, assignment: Assignment, person_id: int) -> Fact:
        if assignment.exam is not None:
            attempts, facts = self._sat.get((person_id, assignment.exam.id), (0, Fact(0)))
            if (person_id, assignment.exam.id) in self._made_up:
                facts |= Fact.TOOK | Fact.PASSED
            return facts | Fact.USED_UP if attempts >= assignment.exam.attempts_max else facts
        facts = Fact(0)
        if assignment.course and (person_id, assignment.course.code) in self._done:
            facts |= Fact.DONE
        if (person_id, assignment.course_id) in self._started:
            facts |= Fact.STARTED
        return facts


def _done(session: Session, ids: Sequence[int], codes: Sequence[str]) -> set[tuple[int, str]]:
    if not codes:
        return set()
    query = select(TrainingRecord.person_id, TrainingRecord.subject_code).where(
        TrainingRecord.kind == RecordKind.COURSE,
        TrainingRecord.subject_code.in_(codes),
        TrainingRecord.person_id.in_(ids),
    )
    return {(person, code) for person, code in session.execute(query)}


def _started(
    session: Session, ids: Sequence[int], course_ids: Sequence[int]
) -> set[tuple[int, int]]:
    if not course_ids:
        return set()
    pair = select(LessonProgress.person_id, LessonProgress.course_id).distinct()
    query = pair.where(LessonProgress.person_id.in_(ids), LessonProgress.course_id.in_(course_ids))
    return {(person, course) for person, course in session.execute(query)}


def _sat(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int], now: datetime
) -> dict[tuple[int, int], tuple[int, Fact]]:
    if not exam_ids:
        return {}
    query = sittings(now).where(Attempt.person_id.in_(ids), Attempt.exam_id.in_(exam_ids))
    return {
        (row.person_id, row.exam_id): (row.attempts, Fact(row.facts))
        for row in session.execute(query)
    }


def _changed(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int]
) -> Sequence[Row[int, int, bool]]:
    return session.execute(changed_duties(ids, exam_ids)).all() if exam_ids else []


def _listed(
    session: Session, ids: Sequence[int], exam_ids: Sequence[int]
) -> set[tuple[int, int | None]]:
    if not exam_ids:
        return set()
    query = select(ExamCandidate.person_id, ExamCandidate.exam_id).where(
        ExamCandidate.exam_id.in_(exam_ids), ExamCandidate.person_id.in_(ids)
    )
    return {(person, exam) for person, exam in session.execute(query)}
