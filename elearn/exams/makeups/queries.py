"""Reading make-ups: who needs one, who asked for a deferral, what somebody has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Select, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload

from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.errors import NotFound
from elearn.core.records import valid_until
from elearn.exams.blueprints.queries import read_spec
from elearn.exams.papers.queries import codes_seen, makeup_attempts
from elearn.exams.sittings.queries import audience
from elearn.exams.timing.clock import ends_at
from elearn.models import (
    Attempt,
    AttemptState,
    Exam,
    ExamMakeup,
    ExamStanding,
    Grade,
    MakeupCandidate,
    MakeupCause,
    OrgUnit,
    Person,
    StandingKind,
    StandingState,
)

from .conditions import passed_makeup

STANDING_NAMES: Final = {StandingKind.DEFERRAL: "缓考", StandingKind.EXEMPTION: "免考"}
STANDING_STATES: Final = {
    StandingState.REQUESTED: ("warn", "等待审批"),
    StandingState.APPROVED: ("ok", "已批准"),
    StandingState.REFUSED: ("bad", "没有批准"),
    StandingState.WITHDRAWN: ("plain", "已撤销"),
}
CAUSE_NAMES: Final = {
    MakeupCause.FAILED: "未合格",
    MakeupCause.ABSENT: "缺考",
    MakeupCause.DEFERRED: "缓考",
}


@dataclass(frozen=True, slots=True)
class RosterLine:
    """Somebody who needs a make-up, and why."""

    person: Person
    cause: MakeupCause


@dataclass(frozen=True, slots=True)
class Roster:
    """`lines`: failed ∪ absent ∪ deferred. `pending`: results still waiting for a marker.
    `elsewhere`: failed, but no longer in the exam's units."""

    lines: tuple[RosterLine, ...]
    pending: int
    elsewhere: tuple[Person, ...]

    def count(self, cause: MakeupCause) -> int:
        """How many for this cause."""
        return sum(line.cause is cause for line in self.lines)


def derive_roster(session: Session, main: Exam) -> Roster:
    """Who of the exam's people has not passed it, nor a make-up of it. One statement."""
    sat = _sat(main).subquery()
    deferred = exists().where(
        ExamStanding.exam_id == main.id,
        ExamStanding.person_id == Person.id,
        ExamStanding.kind == StandingKind.DEFERRAL,
        ExamStanding.state == StandingState.APPROVED,
    )
    inside = OrgUnit.path.startswith(main.org_unit.path, autoescape=True)
    rows = session.execute(
        select(
            Person,
            func.coalesce(sat.c.attempts, 0),
            func.coalesce(sat.c.passed, 0),
            func.coalesce(sat.c.pending, 0),
            deferred,
            inside,
        )
        .join(Person.org_unit)
        .outerjoin(sat, sat.c.person_id == Person.id)
        .options(contains_eager(Person.org_unit))
        .where(
            Person.active,
            or_(audience(main), sat.c.person_id.is_not(None), deferred),
            ~passed_makeup(main.id),
        )
        .order_by(OrgUnit.path, Person.staff_no)
    ).all()
    lines, pending, elsewhere = [], 0, []
    for person, attempts, passed, waiting, is_deferred, is_inside in rows:
        if passed:
            continue
        if waiting:
            pending += 1
        elif not is_inside:
            elsewhere.append(person)
        else:
            lines.append(RosterLine(person, _cause(attempts, deferred=bool(is_deferred))))
    return Roster(tuple(lines), pending, tuple(elsewhere))


def makeup_by(main: Exam) -> date | None:
    """The last day a make-up of this exam may close; None: the blueprint sets none."""
    months = read_spec(main.blueprint_revision).makeup_months
    closed = max(ends_at(main), main.closes_at).astimezone(DISPLAY_ZONE).date()
    return valid_until(closed, months)


def makeups_of(session: Session, main: Exam) -> list[ExamMakeup]:
    """Make-ups of this exam, oldest first, called-off ones too."""
    return list(
        session.scalars(
            select(ExamMakeup)
            .where(ExamMakeup.main_exam_id == main.id)
            .options(joinedload(ExamMakeup.exam))
            .order_by(ExamMakeup.exam_id)
        )
    )


def main_of(session: Session, exam: Exam) -> Exam | None:
    """The exam this one makes up for."""
    if not exam.is_makeup:
        return None
    return session.scalar(
        select(Exam)
        .join(ExamMakeup, ExamMakeup.main_exam_id == Exam.id)
        .where(ExamMakeup.exam_id == exam.id)
    )


def makeup_roster(session: Session, exam: Exam) -> list[MakeupCandidate]:
    """The derived lines of a make-up, with what was taken off and why."""
    return list(
        session.scalars(
            select(MakeupCandidate)
            .join(MakeupCandidate.person)
            .where(MakeupCandidate.exam_id == exam.id)
            .options(contains_eager(MakeupCandidate.person).joinedload(Person.org_unit))
            .order_by(Person.staff_no)
        )
    )


def makeups_for(session: Session, *, main: Exam, person_id: int) -> list[Exam]:
    """The make-ups of `main` this person is invited to, first one first; not those called off."""
    return list(
        session.scalars(
            select(Exam)
            .join(ExamMakeup, ExamMakeup.exam_id == Exam.id)
            .join(MakeupCandidate, MakeupCandidate.exam_id == Exam.id)
            .where(
                ExamMakeup.main_exam_id == main.id,
                MakeupCandidate.person_id == person_id,
                MakeupCandidate.removed_reason == "",
                Exam.cancelled_at.is_(None),
            )
            .order_by(Exam.opens_at)
        )
    )


def seen_codes(session: Session, *, exam: Exam, person_id: int) -> frozenset[str]:
    """Codes of the questions this person had in the main exam and in every make-up of it."""
    return frozenset(codes_seen(session, makeup_attempts(session, exam=exam, person_id=person_id)))


def standing_of(session: Session, *, exam_id: int, person_id: int) -> ExamStanding | None:
    """The last request of this person for this exam."""
    return session.scalar(
        select(ExamStanding)
        .where(ExamStanding.exam_id == exam_id, ExamStanding.person_id == person_id)
        .order_by(ExamStanding.id.desc())
        .limit(1)
    )


def standings_of_exam(exam: Exam) -> Select[ExamStanding]:
    """Requests for this exam, what waits first."""
    waiting = case((ExamStanding.state == StandingState.REQUESTED, 0), else_=1)
    return (
        _with_people(select(ExamStanding))
        .where(ExamStanding.exam_id == exam.id)
        .order_by(waiting, ExamStanding.id.desc())
    )


def get_standing(session: Session, *, public_id: str, actor: Actor) -> ExamStanding:
    """A request for an exam the actor schedules. Raises NotFound."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    row = session.scalar(
        _with_people(select(ExamStanding))
        .join(ExamStanding.exam)
        .join(OrgUnit, OrgUnit.id == Exam.org_unit_id)
        .where(
            ExamStanding.public_id == public_id,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
    )
    if row is None:
        raise NotFound
    return row


def standings_of_people(actor: Actor) -> Select[ExamStanding]:
    """Requests concerning people of the subtrees in which the actor gives out tasks."""
    roots = actor.roots(Permission.MANAGE_ASSIGNMENT)
    waiting = case((ExamStanding.state == StandingState.REQUESTED, 0), else_=1)
    return (
        _with_people(select(ExamStanding))
        .join(ExamStanding.person)
        .join(OrgUnit, OrgUnit.id == Person.org_unit_id)
        .where(or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)))
        .order_by(waiting, ExamStanding.id.desc())
    )


def people_by_staff_no(session: Session, actor: Actor, numbers: Sequence[str]) -> list[Person]:
    """Active people of the actor's task subtrees with these staff numbers."""
    roots = actor.roots(Permission.MANAGE_ASSIGNMENT)
    return list(
        session.scalars(
            select(Person)
            .join(Person.org_unit)
            .options(contains_eager(Person.org_unit))
            .where(
                Person.active,
                Person.staff_no.in_(numbers),
                or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
            )
        )
    )


def _sat(main: Exam) -> Select[int, int, int, int]:
    """(person_id, attempts, passed, pending) over the attempts at this exam."""
    later = aliased(Grade)
    latest = ~exists().where(later.attempt_id == Grade.attempt_id, later.no > Grade.no)
    final = func.coalesce(Grade.state, "") == "FINAL"
    unsettled = or_(
        Attempt.state == AttemptState.IN_PROGRESS, Attempt.late_until.is_not(None), ~final
    )
    return (
        select(
            Attempt.person_id,
            func.count(Attempt.id).label("attempts"),
            func.max(case((Grade.passed.is_(True), 1), else_=0)).label("passed"),
            func.max(case((unsettled, 1), else_=0)).label("pending"),
        )
        .outerjoin(Grade, and_(Grade.attempt_id == Attempt.id, latest))
        .where(Attempt.exam_id == main.id, Attempt.refiled_at.is_(None))
        .group_by(Attempt.person_id)
    )


def _cause(attempts: int, *, deferred: bool) -> MakeupCause:
    if attempts:
        return MakeupCause.FAILED
    return MakeupCause.DEFERRED if deferred else MakeupCause.ABSENT


def _with_people(query: Select[ExamStanding]) -> Select[ExamStanding]:
    return query.options(
        joinedload(ExamStanding.exam),
        joinedload(ExamStanding.person).joinedload(Person.org_unit),
        joinedload(ExamStanding.requested_by),
        joinedload(ExamStanding.decided_by),
    )
