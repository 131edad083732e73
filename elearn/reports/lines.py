"""One person's line of the report. The screen and every export are made of the same lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import and_, case, exists, null, select
from sqlalchemy.orm import Session, aliased

from elearn.assignments.coverage import Who
from elearn.assignments.duties import Duty, counts_of_duties, duties_of
from elearn.core.duties import DutyState
from elearn.core.rates import Counts
from elearn.models import (
    Assignment,
    Attempt,
    Exam,
    Grade,
    HoursBucket,
    OrgUnit,
    Person,
)
from elearn.records.queries import hours_between

from .filters import Filters, is_exam_item
from .queries import people_ids

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ExamResult:
    """The last exam handed in; `passed` None: a marker has to look at it first."""

    title: str
    at: datetime
    score_centi: int
    full_centi: int
    passed: bool | None


@dataclass(slots=True)
class PersonLine:
    """`duties` by assignment id; an assignment that does not ask this person has none."""

    id: int
    public_id: str
    staff_no: str
    name: str
    rank: str
    post: str
    unit_id: int
    unit_code: str
    unit_name: str
    counts: Counts = field(default_factory=Counts)
    online_centi: int = 0
    concentrated_centi: int = 0
    last_exam: ExamResult | None = None
    duties: dict[int, Duty] = field(default_factory=dict)

    def in_state(self, state: DutyState) -> list[Duty]:
        """The duties in this state, earliest due first."""
        found = [duty for duty in self.duties.values() if duty.state == state]
        return sorted(found, key=lambda duty: duty.due_at)


def lines_of(
    session: Session,
    filters: Filters,
    assignments: Sequence[Assignment],
    ids: Sequence[int],
    *,
    now: datetime,
) -> list[PersonLine]:
    """The lines of these people, in this order, in seven statements at most."""
    lines: dict[int, PersonLine] = {}
    people: list[Who] = []
    for line, who in _people(session, ids):
        lines[line.id] = line
        people.append(who)
    for person_id, duties in duties_of(session, people, assignments, now=now).items():
        line = lines[person_id]
        line.duties = {duty.assignment.id: duty for duty in duties}
        line.counts = counts_of_duties(duties)
    hours = hours_between(session, ids, start=filters.start_at, end=filters.end_at)
    for line in lines.values():
        line.online_centi = hours.get((line.id, HoursBucket.ONLINE), 0)
        line.concentrated_centi = hours.get((line.id, HoursBucket.CONCENTRATED), 0)
    for person_id, result in _results(session, filters, ids):
        lines[person_id].last_exam = result
    return [lines[person_id] for person_id in ids if person_id in lines]


def all_lines(
    session: Session, filters: Filters, assignments: Sequence[Assignment], *, now: datetime
) -> Iterator[PersonLine]:
    """Every line of the list, a few hundred people at a time: memory does not grow with them."""
    ids = list(session.scalars(people_ids(filters, assignments, now=now)))
    for start in range(0, len(ids), CHUNK):
        yield from lines_of(session, filters, assignments, ids[start : start + CHUNK], now=now)


def _people(session: Session, ids: Sequence[int]) -> Iterator[tuple[PersonLine, Who]]:
    rows = session.execute(
        select(
            Person.id,
            Person.public_id,
            Person.staff_no,
            Person.name,
            Person.rank,
            Person.post,
            OrgUnit.id,
            OrgUnit.code,
            OrgUnit.name,
            OrgUnit.path,
            Person.party,
            Person.created_at,
        )
        .join(Person.org_unit)
        .where(Person.id.in_(ids))
    )
    for *values, path, party, joined in rows:
        line = PersonLine(*values)
        yield line, Who(line.id, path, line.rank, party, joined)


def _results(
    session: Session, filters: Filters, ids: Sequence[int]
) -> Iterator[tuple[int, ExamResult]]:
    """(person, result) of papers handed in, oldest first, so that the last one stays."""
    later = aliased(Grade)
    latest = ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no)
    query = (
        select(
            Attempt.person_id,
            Exam.title,
            Attempt.submitted_at,
            Grade.score_centi,
            Grade.full_centi,
            # While late answers may still count, it is as if a marker were at work.
            case((Attempt.late_until.is_(None), Grade.passed), else_=null()).label("passed"),
        )
        .join(Exam, Exam.id == Attempt.exam_id)
        .join(Grade, and_(Grade.attempt_id == Attempt.id, latest))
        .where(
            Attempt.person_id.in_(ids),
            Attempt.submitted_at >= filters.start_at,
            Attempt.submitted_at < filters.end_at,
            Attempt.refiled_at.is_(None),
        )
        .order_by(Attempt.submitted_at, Attempt.id)
    )
    if filters.item is not None and is_exam_item(filters.item):
        query = query.where(Attempt.exam_id == filters.item.target_id)
    for person_id, title, at, score, full, passed in session.execute(query):
        if at is not None:
            yield person_id, ExamResult(title, at, score, full, passed)
