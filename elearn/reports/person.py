"""One person as HR and the leader see them: profile, hours, tasks, records, attempts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session, aliased, defer, joinedload

from elearn.assignments.coverage import Who, assignments_in_force
from elearn.assignments.duties import Duty, counts_of_duties, duties_of
from elearn.config import DISPLAY_ZONE
from elearn.core.credit.rules import Target
from elearn.core.rates import Counts
from elearn.models import Assignment, Attempt, Grade, Person, TrainingRecord
from elearn.records.queries import HoursLine, records_of, year_hours


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


def person_report(session: Session, person: Person, *, now: datetime) -> PersonReport:
    """Everything of one person; the caller has checked that the reader may see them."""
    year = now.astimezone(DISPLAY_ZONE).year
    online, concentrated, target = year_hours(session, person, year=year)
    duties = _duties(session, person, now)
    return PersonReport(
        person=person,
        year=year,
        online=online,
        concentrated=concentrated,
        target=target,
        duties=duties,
        counts=counts_of_duties(duties),
        records=records_of(session, person.id),
        attempts=_attempts(session, person),
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
        .options(joinedload(Attempt.exam), defer(Attempt.paper), defer(Grade.detail))
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
    )
    return [(attempt, grade) for attempt, grade in rows]
