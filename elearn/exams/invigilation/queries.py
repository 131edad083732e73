"""The live board: who should sit, who is in, who cannot be heard, who left the page.

Everything the board shows of one person stands in rows that the acts themselves keep: ten thousand
candidates cost the same statements as ten.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, defer

from elearn.exams.sittings.queries import audience
from elearn.models import (
    Attempt,
    AttemptPresence,
    AttemptState,
    Exam,
    Grade,
    LeaveRule,
    OrgUnit,
    Person,
)

# A page with scripts tells every half minute that it is there.
OFFLINE_AFTER: Final = timedelta(seconds=75)
# A page without scripts is only heard of when somebody saves.
SILENT_AFTER: Final = timedelta(minutes=3)
WAITS: Final = 15_000  # ms an answer has been waiting, before the board says so


class Progress(StrEnum):
    """How far a candidate is; the order is the board's: what needs a look comes first."""

    OFFLINE = "OFFLINE"
    LEAVING = "LEAVING"
    PAUSED = "PAUSED"
    IN_PROGRESS = "IN_PROGRESS"
    ABSENT = "ABSENT"
    SUBMITTED = "SUBMITTED"


@dataclass(frozen=True, slots=True)
class Headcount:
    """Should sit, have not come in, are answering, have handed in; of those answering: cannot be
    heard, are paused, left the page often. `oldest_ms`: the longest an answer has been waiting on
    a page that is heard of. `heard`: saved within the last minute."""

    expected: int
    absent: int
    answering: int
    submitted: int
    offline: int
    paused: int
    leaving: int
    heard: int
    oldest_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate on the board."""

    person: Person
    attempt: Attempt | None
    presence: AttemptPresence | None
    grade: Grade | None

    def heard_at(self) -> datetime | None:
        """When anything of this page was last received."""
        if self.attempt is None:
            return None
        times = [self.attempt.started_at, self.attempt.last_saved_at]
        times.append(self.presence.heard_at if self.presence else None)
        return max(time for time in times if time is not None)

    def waiting_ms(self, now: datetime) -> int:
        """How long the oldest answer of this page has been waiting, 0 when nothing does."""
        if self.presence is None or self.presence.oldest_ms == 0 or self.attempt is None:
            return 0
        saved = self.attempt.last_saved_at
        if saved is not None and saved > self.presence.heard_at:
            return 0
        return self.presence.oldest_ms + (now - self.presence.heard_at) // timedelta(milliseconds=1)


def board_query(
    exam: Exam, *, now: datetime, only: Progress | None = None, search: str = ""
) -> Select[Person, Attempt, AttemptPresence, Grade]:
    """(Person, latest Attempt, its AttemptPresence, latest Grade) of everybody invited or seen;
    all but the person may be None. Papers are not loaded."""
    latest, grade, presence = _joined()
    query = (
        select(Person, latest, presence, grade)
        .join(Person.org_unit)
        .outerjoin(latest, _is_latest(exam, latest))
        .outerjoin(presence, presence.attempt_id == latest.id)
        .outerjoin(grade, _is_last_grade(latest, grade))
        .options(
            contains_eager(Person.org_unit),
            defer(latest.paper, raiseload=True),
            defer(grade.detail, raiseload=True),
        )
        .where(or_(audience(exam), latest.id.is_not(None)))
        .order_by(_attention(exam, latest, presence, now), OrgUnit.path, Person.staff_no)
    )
    if only is not None:
        query = query.where(_is_at(exam, latest, presence, only, now))
    if search:
        like = or_(
            Person.name.contains(search, autoescape=True),
            Person.staff_no.contains(search, autoescape=True),
            OrgUnit.name.contains(search, autoescape=True),
        )
        query = query.where(like)
    return query


def rows_of(found: Sequence[Any]) -> list[Row]:
    """What `board_query` returned."""
    return [Row(*row) for row in found]


def headcount(session: Session, *, exam: Exam, now: datetime) -> Headcount:
    """The board's tiles, in one statement."""
    latest, _, presence = _joined()

    def count(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    def at(progress: Progress) -> ColumnElement[int]:
        return count(_is_at(exam, latest, presence, progress, now))

    running = latest.state == AttemptState.IN_PROGRESS
    fresh = and_(running, presence.heard_at >= now - OFFLINE_AFTER, presence.oldest_ms >= WAITS)
    row = session.execute(
        select(
            func.count(),
            at(Progress.ABSENT),
            count(running),
            at(Progress.SUBMITTED),
            at(Progress.OFFLINE),
            count(and_(running, latest.paused_at.is_not(None))),
            count(and_(running, _leaves_often(exam, presence))),
            count(latest.last_saved_at >= now - timedelta(minutes=1)),
            func.coalesce(func.max(case((fresh, presence.oldest_ms))), 0),
        )
        .select_from(Person)
        .join(Person.org_unit)
        .outerjoin(latest, _is_latest(exam, latest))
        .outerjoin(presence, presence.attempt_id == latest.id)
        .where(or_(audience(exam), latest.id.is_not(None)))
    ).one()
    return Headcount(*row)


def progress_of(exam: Exam, row: Row, now: datetime) -> Progress:
    """The same rule for one row already read."""
    attempt, presence = row.attempt, row.presence
    if attempt is None:
        return Progress.ABSENT
    if attempt.state == AttemptState.SUBMITTED:
        return Progress.SUBMITTED
    if attempt.paused_at is not None:
        return Progress.PAUSED
    patience = OFFLINE_AFTER if presence else SILENT_AFTER
    if (row.heard_at() or now) < now - patience:
        return Progress.OFFLINE
    often = presence is not None and presence.leaves >= exam.leave_notify
    if exam.leave_rule == LeaveRule.NOTIFY and often:
        return Progress.LEAVING
    return Progress.IN_PROGRESS


def _joined() -> tuple[type[Attempt], type[Grade], type[AttemptPresence]]:
    return (
        aliased(Attempt, name="latest"),
        aliased(Grade, name="last_grade"),
        aliased(AttemptPresence, name="presence"),
    )


def _is_latest(exam: Exam, latest: type[Attempt]) -> ColumnElement[bool]:
    every = aliased(Attempt)
    newest = (
        select(func.max(every.no))
        .where(every.exam_id == exam.id, every.person_id == Person.id, every.refiled_at.is_(None))
        .correlate(Person)
        .scalar_subquery()
    )
    return and_(latest.exam_id == exam.id, latest.person_id == Person.id, latest.no == newest)


def _is_last_grade(latest: type[Attempt], grade: type[Grade]) -> ColumnElement[bool]:
    every = aliased(Grade)
    newest = (
        select(func.max(every.no))
        .where(every.attempt_id == latest.id)
        .correlate(latest)
        .scalar_subquery()
    )
    return and_(grade.attempt_id == latest.id, grade.no == newest)


def _offline(
    latest: type[Attempt], presence: type[AttemptPresence], now: datetime
) -> ColumnElement[bool]:
    """Older than its patience by every sign of life: start, save, poll."""
    kind = Attempt.started_at.type
    patience = case(
        (presence.attempt_id.is_(None), literal(now - SILENT_AFTER, kind)),
        else_=literal(now - OFFLINE_AFTER, kind),
    )
    return and_(
        latest.started_at < patience,
        or_(latest.last_saved_at.is_(None), latest.last_saved_at < patience),
        or_(presence.heard_at.is_(None), presence.heard_at < patience),
    )


def _leaves_often(exam: Exam, presence: type[AttemptPresence]) -> ColumnElement[bool]:
    return func.coalesce(presence.leaves, 0) >= exam.leave_notify


def _is_at(
    exam: Exam,
    latest: type[Attempt],
    presence: type[AttemptPresence],
    progress: Progress,
    now: datetime,
) -> ColumnElement[bool]:
    if progress is Progress.ABSENT:
        return latest.id.is_(None)
    if progress is Progress.SUBMITTED:
        return latest.state == AttemptState.SUBMITTED
    running = latest.state == AttemptState.IN_PROGRESS
    if progress is Progress.PAUSED:
        return and_(running, latest.paused_at.is_not(None))
    running = and_(running, latest.paused_at.is_(None))
    offline = _offline(latest, presence, now)
    if progress is Progress.OFFLINE:
        return and_(running, offline)
    leaving = _leaves_often(exam, presence)
    if exam.leave_rule != LeaveRule.NOTIFY:
        leaving = and_(leaving, latest.id.is_(None))  # nobody is put forward
    wanted = leaving if progress is Progress.LEAVING else ~leaving
    return and_(running, ~offline, wanted)


def _attention(
    exam: Exam, latest: type[Attempt], presence: type[AttemptPresence], now: datetime
) -> ColumnElement[int]:
    order = list(Progress)
    return case(
        *((_is_at(exam, latest, presence, each, now), number) for number, each in enumerate(order)),
        else_=len(order),
    )
