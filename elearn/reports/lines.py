"""One person's line of the report. The screen and every export are made of the same lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, case, exists, null, or_, select
from sqlalchemy.orm import Session, aliased

from elearn.assignments.coverage import Who
from elearn.assignments.duties import Duty, counts_of_duties, duties_of
from elearn.core.assembly.model import Blueprint, Taking
from elearn.core.credit.measures import Stated
from elearn.core.duties import DutyState
from elearn.core.grading.taking import Try, take_best
from elearn.core.rates import Counts
from elearn.exams.blueprints.queries import read_spec
from elearn.models import (
    Assignment,
    Attempt,
    BlueprintRevision,
    Exam,
    Grade,
    HoursBucket,
    OrgUnit,
    Person,
)
from elearn.records.queries import classes_between, hours_between

from .filters import Filters, is_exam_item
from .queries import people_ids

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ExamResult:
    """The last exam handed in; `passed` None: a marker has to look at it first.

    Where the exam takes the best of several tries, the points are those of the try that stands and
    `taken` says which one that is; `band` is its 等第, "" = none.
    """

    title: str
    at: datetime
    score_centi: int
    full_centi: int
    passed: bool | None
    taken: str = ""
    band: str = ""


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
    classes: Stated = field(default_factory=Stated)
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
    """The lines of these people, in this order, in nine statements at most."""
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
    classes = classes_between(session, ids, start=filters.start_at, end=filters.end_at)
    for line in lines.values():
        line.classes = classes.get(line.id, Stated())
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
    """(person, result) of the last exam each handed in. Of an exam that takes the best, the tries
    before the period count too."""
    rows = session.execute(_handed_in(filters, ids)).all()
    revisions = session.scalars(
        select(BlueprintRevision).where(
            BlueprintRevision.id.in_({row.blueprint_revision_id for row in rows})
        )
    )
    specs = {revision.id: read_spec(revision) for revision in revisions}
    tries: dict[tuple[int, int], list[Try]] = {}
    last: dict[int, Row[Any]] = {}
    for row in rows:
        if row.passed is not None and row.voided_at is None:
            counted = Try(row.no, row.score_centi, row.full_centi, row.passed)
            tries.setdefault((row.person_id, row.exam_id), []).append(counted)
        if row.submitted_at >= filters.start_at:
            last[row.person_id] = row
    for person_id, row in last.items():
        spec = specs[row.blueprint_revision_id]
        yield person_id, _result(row, spec, tries.get((person_id, row.exam_id), []))


def _result(row: Row[Any], spec: Blueprint, tries: Sequence[Try]) -> ExamResult:
    """What stands of the exam that was handed in last; a try with the marker waits its turn."""
    found = take_best(tries) if spec.taking is Taking.BEST else None
    if found is None:
        band = spec.band_of(row.score_centi, passed=bool(row.passed))
        return ExamResult(
            row.title, row.submitted_at, row.score_centi, row.full_centi, row.passed, band=band
        )
    best = found.best
    return ExamResult(
        row.title,
        row.submitted_at,
        best.score_centi,
        best.full_centi,
        best.passed,
        taken=found.words,
        band=spec.band_of(best.score_centi, passed=best.passed),
    )


def _handed_in(filters: Filters, ids: Sequence[int]) -> Select[Any]:
    """Papers handed in up to the end of the period, oldest first, with the grade that counts."""
    later = aliased(Grade)
    latest = ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no)
    query = (
        select(
            Attempt.person_id,
            Attempt.exam_id,
            Attempt.no,
            Attempt.submitted_at,
            Attempt.voided_at,
            Exam.title,
            Exam.blueprint_revision_id,
            Grade.score_centi,
            Grade.full_centi,
            # While late answers may still count, it is as if a marker were at work.
            case((Attempt.late_until.is_(None), Grade.passed), else_=null()).label("passed"),
        )
        .join(Exam, Exam.id == Attempt.exam_id)
        .join(Grade, and_(Grade.attempt_id == Attempt.id, latest))
        .where(
            Attempt.person_id.in_(ids),
            Attempt.submitted_at < filters.end_at,
            Attempt.refiled_at.is_(None),
            # Tries before the period matter where there may be several of them.
            or_(Attempt.submitted_at >= filters.start_at, Exam.attempts_max > 1),
        )
        .order_by(Attempt.submitted_at, Attempt.id)
    )
    if filters.item is not None and is_exam_item(filters.item):
        query = query.where(Attempt.exam_id == filters.item.target_id)
    return query
