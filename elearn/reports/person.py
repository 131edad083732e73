"""One person as HR and the leader see them: profile, hours, tasks, records, attempts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session, aliased, defer, joinedload

from elearn.assignments.coverage import Who, assignments_in_force
from elearn.assignments.duties import Duty, counts_of_duties, duties_of
from elearn.config import DISPLAY_ZONE
from elearn.core.credit.rules import Target
from elearn.core.grading.taking import Taken
from elearn.core.rates import Counts
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.grades.taking import taken
from elearn.models import Assignment, Attempt, Exam, Grade, Person, TrainingRecord
from elearn.records.promotions import MakingUp, making_up
from elearn.records.queries import HoursLine, records_of, takens_of, year_hours


@dataclass(frozen=True, slots=True)
class PersonReport:
    """`attempts` with their latest grade, newest first; `duties` latest due first."""

    person: Person
    year: int
    online: HoursLine
    concentrated: HoursLine
    target: Target
    duties: list[Duty]
    counts: Counts
    records: list[TrainingRecord]
    attempts: list[tuple[Attempt, Grade | None]]
    takens: dict[int, Taken]  # record id -> which try stands
    making_up: MakingUp | None
    stands: dict[int, Taken]  # exam id -> which try stands


def person_report(session: Session, person: Person, *, now: datetime) -> PersonReport:
    """Everything of one person; the caller has checked that the reader may see them."""
    today = now.astimezone(DISPLAY_ZONE).date()
    year = today.year
    online, concentrated, target = year_hours(session, person, year=year)
    duties = _duties(session, person, now)
    records, attempts = records_of(session, person.id), _attempts(session, person)
    return PersonReport(
        person=person,
        year=year,
        online=online,
        concentrated=concentrated,
        target=target,
        duties=duties,
        counts=counts_of_duties(duties),
        records=records,
        attempts=attempts,
        takens=takens_of(records),
        making_up=next(iter(making_up(session, [person], today=today)), None),
        stands=_stands(attempts),
    )


def _duties(session: Session, person: Person, now: datetime) -> list[Duty]:
    """Nobody is asked anything after leaving."""
    if not person.active:
        return []
    path = person.org_unit.path
    ancestors = [int(part) for part in path.split("/") if part]
    assignments = session.scalars(
        assignments_in_force().where(Assignment.org_unit_id.in_(ancestors))
    ).all()
    who = Who(person.id, path, person.rank, person.party, person.created_at)
    found = duties_of(session, [who], assignments, now=now)[person.id]
    return sorted(found, key=lambda duty: duty.due_at, reverse=True)


def _attempts(session: Session, person: Person) -> list[tuple[Attempt, Grade | None]]:
    later = aliased(Grade)
    latest = ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no)
    rows = session.execute(
        select(Attempt, Grade)
        .outerjoin(Grade, and_(Grade.attempt_id == Attempt.id, latest))
        .where(Attempt.person_id == person.id, Attempt.refiled_at.is_(None))
        .options(
            joinedload(Attempt.exam).joinedload(Exam.blueprint_revision),
            defer(Attempt.paper),
            defer(Grade.detail),
        )
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
    )
    return [(attempt, grade) for attempt, grade in rows]


def _stands(attempts: list[tuple[Attempt, Grade | None]]) -> dict[int, Taken]:
    """Exam id -> the try that stands, where an exam of several tries takes the best."""
    by_exam: dict[int, list[Attempt]] = {}
    for attempt, _ in attempts:
        by_exam.setdefault(attempt.exam_id, []).append(attempt)
    grades = {attempt.id: grade for attempt, grade in attempts if grade is not None}
    found = {
        exam_id: taken(read_spec(tries[0].exam.blueprint_revision), tries, grades)
        for exam_id, tries in by_exam.items()
        if len(tries) > 1
    }
    return {exam_id: each for exam_id, each in found.items() if each and each.of > 1}
