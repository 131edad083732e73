"""Reading exams: whose they are, who may sit them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session, contains_eager, joinedload

from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, NotFound
from elearn.exams.makeups.conditions import excused
from elearn.models import Attempt, AttemptState, Exam, ExamCandidate, Grade, OrgUnit, Person


def covers(path: str, exam_path: str, rank: str, ranks: str) -> bool:
    """Is a person of unit `path` and `rank` inside an audience of subtree and ranks?"""
    return path.startswith(exam_path) and (not ranks or f"|{rank}|" in ranks)


def is_eligible(session: Session, *, exam: Exam, person: Person) -> bool:
    """May this person sit this exam at all (window and attempts aside)?"""
    if not person.active:
        return False
    if exam.listed_only:
        return session.get(ExamCandidate, (exam.id, person.id)) is not None
    return covers(person.org_unit.path, exam.org_unit.path, person.rank, exam.ranks)


def require_not_candidate(session: Session, *, exam: Exam, person_id: int) -> None:
    """Raise Conflict: nobody reads a paper they may have to answer."""
    if is_eligible(session, exam=exam, person=session.get_one(Person, person_id)):
        raise Conflict("您自己要考这场考试，不能查看试卷。", code="E-CANDIDATE")


def audience(exam: Exam) -> ColumnElement[bool]:
    """Whom it expects, as a condition on Person joined to OrgUnit: the same without those whose
    deferral or exemption was approved."""
    if exam.listed_only:
        listed = exists().where(
            ExamCandidate.exam_id == exam.id, ExamCandidate.person_id == Person.id
        )
        return and_(Person.active, listed, ~excused(exam.id))
    inside = OrgUnit.path.startswith(exam.org_unit.path, autoescape=True)
    ranks = [rank for rank in exam.ranks.split("|") if rank]
    ranked = Person.rank.in_(ranks) if ranks else true()
    return and_(Person.active, inside, ranked, ~excused(exam.id))


def candidates_query(exam: Exam) -> Select[Person]:
    """Everybody who should sit the exam, by unit and staff number."""
    return (
        select(Person)
        .join(Person.org_unit)
        .options(contains_eager(Person.org_unit))
        .where(audience(exam))
        .order_by(OrgUnit.path, Person.staff_no)
    )


def exams_of_person_query(person: Person) -> Select[Exam]:
    """Exams this person may sit or has sat, latest first; cancelled ones only if sat."""
    return _EXAMS_OF_PERSON.params(whose(person))


def get_exam_for(session: Session, *, public_id: str, person: Person) -> Exam:
    """The exam if this person may sit it, might have (it was cancelled) or has. Raises NotFound."""
    exam = session.scalar(EXAM_FOR, {**whose(person), "this_exam": public_id})
    if exam is None:
        raise NotFound
    return exam


def whose(person: Person) -> dict[str, Any]:
    """What `EXAM_FOR` asks of a person."""
    rank = person.rank.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return {
        "who": person.id,
        "invitable": person.active,
        "units": [int(part) for part in person.org_unit.path.split("/") if part],
        # Nobody's rank: only exams for every rank.
        "rank_like": f"%|{rank}|%" if rank else "",
    }


def _exams_of(*, cancelled: bool) -> Select[Exam]:
    """Exams of the person of `whose`; cancelled ones only if sat, or when `cancelled` asks for
    those the person was invited to as well. Built once: a start costs little more than this."""
    who = bindparam("who", type_=Integer())
    listed = exists().where(ExamCandidate.exam_id == Exam.id, ExamCandidate.person_id == who)
    ranked = or_(Exam.ranks == "", Exam.ranks.like(bindparam("rank_like"), escape="/"))
    inside = Exam.org_unit_id.in_(bindparam("units", expanding=True))
    invited = and_(
        bindparam("invitable", type_=Boolean()).is_(true()),
        or_(and_(Exam.listed_only, listed), and_(~Exam.listed_only, inside, ranked)),
    )
    mine = exists().where(
        Attempt.exam_id == Exam.id, Attempt.person_id == who, Attempt.refiled_at.is_(None)
    )
    return (
        select(Exam)
        .where(or_(invited if cancelled else and_(invited, Exam.cancelled_at.is_(None)), mine))
        .options(
            joinedload(Exam.blueprint_revision, innerjoin=True),
            joinedload(Exam.org_unit, innerjoin=True),
        )
        .order_by(Exam.opens_at.desc(), Exam.id.desc())
    )


_EXAMS_OF_PERSON: Final = _exams_of(cancelled=False)
EXAM_FOR: Final = _exams_of(cancelled=True).where(Exam.public_id == bindparam("this_exam"))


def hold_exam(session: Session, *, exam: Exam, person: Person) -> None:
    """Read again what a start depends on, held as `attempts.starting.find_start` holds it."""
    terms = ["cancelled_at", "opens_at", "closes_at", "duration_s", "attempts_max"]
    terms += ["retimed", "extended_s", "paused_at", "last_deadline_at"]
    session.refresh(exam, terms, with_for_update={"read": not person.accommodated})


def managed_exams_query(actor: Actor) -> Select[Exam]:
    """Exams inside the subtrees the actor schedules for, latest first."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    return (
        select(Exam)
        .join(Exam.org_unit)
        .where(or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)))
        .options(contains_eager(Exam.org_unit), joinedload(Exam.blueprint_revision))
        .order_by(Exam.opens_at.desc(), Exam.id.desc())
    )


def get_managed_exam(session: Session, *, public_id: str, actor: Actor) -> Exam:
    """The exam if it lies in the actor's scope. Raises NotFound."""
    exam = session.scalar(managed_exams_query(actor).where(Exam.public_id == public_id))
    if exam is None:
        raise NotFound
    return exam


def units_query(actor: Actor) -> Select[OrgUnit]:
    """Units the actor may schedule for, in tree order."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    return (
        select(OrgUnit)
        .where(
            OrgUnit.active,
            or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
        )
        .order_by(OrgUnit.path)
    )


def ranks_in_scope(session: Session, actor: Actor) -> list[str]:
    """Ranks held by active people of the actor's subtrees."""
    roots = actor.roots(Permission.SCHEDULE_EXAM)
    return list(
        session.scalars(
            select(Person.rank)
            .join(Person.org_unit)
            .where(
                Person.active,
                Person.rank != "",
                or_(false(), *(OrgUnit.path.startswith(r, autoescape=True) for r in roots)),
            )
            .distinct()
        )
    )


def pending_grades(session: Session, exam: Exam) -> int:
    """Handed in and still waiting for a marker."""
    final = exists().where(Grade.attempt_id == Attempt.id, Grade.state == "FINAL")
    return (
        session.scalar(
            select(func.count())
            .select_from(Attempt)
            .where(Attempt.exam_id == exam.id, Attempt.state == AttemptState.SUBMITTED, ~final)
        )
        or 0
    )


def exam_counts(session: Session, exams: Sequence[Exam]) -> dict[int, tuple[int, int]]:
    """Exam id -> (attempts open, attempts handed in), for the list page."""
    rows = session.execute(
        select(
            Attempt.exam_id,
            func.count(case((Attempt.state == AttemptState.IN_PROGRESS, 1))),
            func.count(case((Attempt.state == AttemptState.SUBMITTED, 1))),
        )
        .where(Attempt.exam_id.in_([exam.id for exam in exams]), Attempt.refiled_at.is_(None))
        .group_by(Attempt.exam_id)
    )
    return {exam_id: (running, done) for exam_id, running, done in rows}
