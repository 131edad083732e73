"""Reads of training records: one person's years, hours, rows."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, joinedload

from elearn.core.assembly.model import Taking
from elearn.core.credit.measures import Measure, Stated, measures
from elearn.core.credit.rules import Target
from elearn.core.credit.spec import carried_centi
from elearn.core.errors import NotFound
from elearn.core.grading.taking import Taken, Try, take_best
from elearn.models import (
    ExamMakeup,
    HoursBucket,
    Person,
    RecordCorrection,
    RecordKind,
    RecordWithdrawal,
    TrainingRecord,
)

from .credit.queries import target_for

REMIND_DAYS: Final = 60  # before a pass stops counting


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Hours of one kind against the target; `target_centi` None means no rule is known.

    `carried_centi`: how much of `done_centi` came over from last year. `others`: the measures that
    meet the demand as well (days, months).
    """

    bucket: HoursBucket
    done_centi: int
    target_centi: int | None
    years: int
    carried_centi: int = 0
    others: tuple[Measure, ...] = ()

    @property
    def missing_centi(self) -> int:
        """What is still to do, never negative; nothing once another measure is reached."""
        if any(measure.reached for measure in self.others):
            return 0
        return max(0, (self.target_centi or 0) - self.done_centi)


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One person's year. Online and concentrated hours are never added up (facts TR-08)."""

    year: int
    years: list[int]
    records: list[TrainingRecord]
    online: HoursLine
    concentrated: HoursLine
    target: Target
    required_centi: int
    elective_centi: int
    takens: dict[int, Taken] = field(default_factory=dict)  # record id -> what stands of its exam

    @property
    def required_missing(self) -> int:
        """Of the required part, where the office's rule asks for one."""
        return max(0, (self.target.required_centi or 0) - self.required_centi)

    @property
    def elective_missing(self) -> int:
        """Of the elective part, alike."""
        return max(0, (self.target.elective_centi or 0) - self.elective_centi)


def record_by_source(session: Session, source_key: str) -> TrainingRecord | None:
    """The record made from this source, if it exists."""
    return session.scalar(by_source(source_key))


def of_one_exam(
    exam_id: InstrumentedAttribute[int], exam: int | ColumnElement[int]
) -> ColumnElement[bool]:
    """Is `exam_id` the exam, the one it makes up for, or a make-up of that? Passing several of them
    brings hours once."""
    makes_up_for = select(ExamMakeup.main_exam_id).where(ExamMakeup.exam_id == exam)
    main = func.coalesce(makes_up_for.scalar_subquery(), exam)
    makeups = select(ExamMakeup.exam_id).where(ExamMakeup.main_exam_id == main)
    return or_(exam_id == main, exam_id.in_(makeups))


def by_source(source_key: str) -> Select[TrainingRecord]:
    """At most one row."""
    return select(TrainingRecord).where(TrainingRecord.source_key == source_key)


def is_current() -> ColumnElement[bool]:
    """A record that no later one took the place of and nobody withdrew; only these are shown and
    counted."""
    return _counts(TrainingRecord)


def _counts(record: type[TrainingRecord]) -> ColumnElement[bool]:
    return and_(
        record.id.not_in(select(RecordCorrection.supersedes_id)),
        record.id.not_in(select(RecordWithdrawal.record_id)),
    )


def current_record(session: Session, record: TrainingRecord) -> TrainingRecord:
    """The last of the chain that begins with or goes through `record`."""
    while True:
        query = select(RecordCorrection).where(RecordCorrection.supersedes_id == record.id)
        later = session.scalar(query.options(joinedload(RecordCorrection.record)))
        if later is None:
            return record
        record = later.record


def record_history(
    session: Session, record: TrainingRecord
) -> tuple[RecordCorrection | None, RecordCorrection | None]:
    """What `record` took the place of, and what took its place, each with the reason."""
    either = (RecordCorrection.record_id, RecordCorrection.supersedes_id)
    before, after = (
        session.scalar(
            select(RecordCorrection)
            .where(column == record.id)
            .options(joinedload(RecordCorrection.record), joinedload(RecordCorrection.supersedes))
        )
        for column in either
    )
    return before, after


def withdrawal_of(session: Session, record: TrainingRecord) -> RecordWithdrawal | None:
    """Why this record counts no more without another in its place."""
    return session.get(RecordWithdrawal, record.id)


def expiring(today: date, *, days: int = REMIND_DAYS) -> Select[TrainingRecord]:
    """Passes that stop counting within `days`, the soonest first, unless a later pass of the same
    paper already counts longer. Conditions on the person can be added."""
    later = aliased(TrainingRecord)
    renewed = exists().where(
        later.person_id == TrainingRecord.person_id,
        later.kind == TrainingRecord.kind,
        later.subject_code == TrainingRecord.subject_code,
        later.passed,
        _counts(later),
        or_(later.valid_until.is_(None), later.valid_until > TrainingRecord.valid_until),
    )
    return (
        select(TrainingRecord)
        .where(
            TrainingRecord.passed,
            TrainingRecord.valid_until.between(today, today + timedelta(days=days)),
            is_current(),
            ~renewed,
        )
        .order_by(TrainingRecord.valid_until, TrainingRecord.id)
    )


def get_own_record(session: Session, person: Person, public_id: str) -> TrainingRecord:
    """A record of this very person. Raises NotFound for anybody else's."""
    record = session.scalar(
        select(TrainingRecord).where(
            TrainingRecord.public_id == public_id, TrainingRecord.person_id == person.id
        )
    )
    if record is None:
        raise NotFound
    return record


def records_of(
    session: Session, person_id: int, *, year: int | None = None
) -> list[TrainingRecord]:
    """Newest first; of one credit year or of all."""
    query = select(TrainingRecord).where(TrainingRecord.person_id == person_id, is_current())
    if year is not None:
        query = query.where(TrainingRecord.credit_year == year)
    query = query.order_by(TrainingRecord.finished_at.desc(), TrainingRecord.id.desc())
    return list(session.scalars(query))


def takens_of(records: Sequence[TrainingRecord]) -> dict[int, Taken]:
    """Record id -> which of several tries stands, for records of exams that take the best.

    `records`: every current exam record of one person, of whatever year.
    """
    by_exam: dict[str, list[TrainingRecord]] = {}
    for row in records:
        if row.evidence.get("taking") == Taking.BEST and not row.evidence.get("voided"):
            by_exam.setdefault(row.evidence["exam"], []).append(row)
    found: dict[int, Taken] = {}
    for rows in by_exam.values():
        bands = {row.evidence["attempt_no"]: row.evidence.get("band", "") for row in rows}
        stands = take_best(
            Try(row.evidence["attempt_no"], row.score_centi or 0, row.full_centi or 0, row.passed)
            for row in rows
        )
        if stands is not None and stands.of > 1:
            stands = replace(stands, band=bands[stands.best.no])
            found |= {row.id: stands for row in rows}
    return found


def hours_of(session: Session, person_id: int) -> dict[tuple[int, HoursBucket], int]:
    """(credit year, bucket) -> hundredths of an hour, all years in one statement."""
    query = (
        select(
            TrainingRecord.credit_year,
            TrainingRecord.hours_bucket,
            func.sum(TrainingRecord.hours_centi),
        )
        .where(TrainingRecord.person_id == person_id, is_current())
        .group_by(TrainingRecord.credit_year, TrainingRecord.hours_bucket)
    )
    return {
        (year, HoursBucket(bucket)): int(total) for year, bucket, total in session.execute(query)
    }


def hours_between(
    session: Session, person_ids: Sequence[int], *, start: datetime, end: datetime
) -> dict[tuple[int, HoursBucket], int]:
    """(person, bucket) -> hundredths of an hour finished in [start, end)."""
    query = (
        select(
            TrainingRecord.person_id,
            TrainingRecord.hours_bucket,
            func.sum(TrainingRecord.hours_centi),
        )
        .where(
            TrainingRecord.person_id.in_(person_ids),
            TrainingRecord.finished_at >= start,
            TrainingRecord.finished_at < end,
            is_current(),
        )
        .group_by(TrainingRecord.person_id, TrainingRecord.hours_bucket)
    )
    return {
        (person, HoursBucket(bucket)): int(total)
        for person, bucket, total in session.execute(query)
    }


def classes_between(
    session: Session,
    person_ids: Sequence[int],
    *,
    years: range | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> dict[int, Stated]:
    """Person -> what their classes state, of these credit years or finished in [start, end)."""
    query = select(
        TrainingRecord.person_id, TrainingRecord.hours_centi, TrainingRecord.evidence
    ).where(
        TrainingRecord.person_id.in_(person_ids),
        TrainingRecord.hours_bucket == HoursBucket.CONCENTRATED,
        is_current(),
    )
    if years is not None:
        query = query.where(TrainingRecord.credit_year.in_(list(years)))
    if start is not None:
        query = query.where(TrainingRecord.finished_at >= start)
    if end is not None:
        query = query.where(TrainingRecord.finished_at < end)
    found: dict[int, Stated] = {}
    for person_id, hours_centi, evidence in session.execute(query):
        stated = stated_of(hours_centi, evidence)
        found[person_id] = found.get(person_id, Stated()) + stated
    return found


def stated_of(hours_centi: int, evidence: dict[str, Any]) -> Stated:
    """What a record of concentrated training counts in every measure."""
    return Stated(hours_centi, evidence.get("days_centi", 0), evidence.get("months_centi", 0))


def year_hours(
    session: Session, person: Person, *, year: int
) -> tuple[HoursLine, HoursLine, Target]:
    """Online and concentrated hours of a year, each against its own target.

    Where the rule asks for a total over several years (TR-01: five), the concentrated line sums
    the years up to and including `year`.
    """
    sums = hours_of(session, person.id)
    target = target_for(session, person)
    carried = carried_centi(target, sums.get((year - 1, HoursBucket.ONLINE), 0))
    span = range(year - target.concentrated_years + 1, year + 1)
    online = HoursLine(
        HoursBucket.ONLINE,
        sums.get((year, HoursBucket.ONLINE), 0) + carried,
        target.online_centi,
        1,
        carried,
    )
    demand = target.demand
    done = classes_between(session, [person.id], years=span).get(person.id, Stated())
    concentrated = HoursLine(
        HoursBucket.CONCENTRATED,
        sum(sums.get((each, HoursBucket.CONCENTRATED), 0) for each in span),
        target.concentrated_centi,
        target.concentrated_years,
        others=measures(demand, done)[1:] if demand else (),
    )
    return online, concentrated, target


def portfolio(session: Session, person: Person, *, year: int | None, this_year: int) -> Portfolio:
    """Everything /me shows for `year` (None or a year without records: this year)."""
    query = (
        select(TrainingRecord.credit_year).where(TrainingRecord.person_id == person.id).distinct()
    )
    years = sorted({this_year, *session.scalars(query)}, reverse=True)
    shown = year if year is not None and year in years else this_year
    online, concentrated, target = year_hours(session, person, year=shown)
    records = records_of(session, person.id, year=shown)
    courses = [row for row in records if row.kind == RecordKind.COURSE]
    return Portfolio(
        year=shown,
        years=years,
        records=records,
        online=online,
        concentrated=concentrated,
        target=target,
        required_centi=sum(row.hours_centi for row in courses if row.required),
        elective_centi=sum(row.hours_centi for row in courses if not row.required),
        # The tries of one exam may lie in two years.
        takens=takens_of(records_of(session, person.id)) if _several(records) else {},
    )


def _several(records: Sequence[TrainingRecord]) -> bool:
    """May one of these be one of several tries?"""
    return any(row.evidence.get("taking") == Taking.BEST for row in records)
