"""Giving out and withdrawing assignments. Each act writes its audit entry."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.config import DISPLAY_ZONE
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.ranks import rank_of
from elearn.models import (
    Assignment,
    AssignmentKind,
    Course,
    Exam,
    OrgUnit,
)

from .coverage import split_ranks
from .queries import active_twin, ranks_in, title_of


def create_assignment(
    session: Session,
    *,
    actor: Actor,
    target: Course | Exam,
    org_unit: OrgUnit,
    ranks: Sequence[str],
    due_at: datetime,
    note: str,
    now: datetime,
) -> Assignment:
    """Ask everybody in the unit's subtree (of these ranks; none: all) for a course or an exam.

    Ranks left empty take over the exam's own. Raises DomainError with the fields at fault,
    Conflict when the same is already asked of the same people.
    """
    if not actor.may(Permission.MANAGE_ASSIGNMENT, org_unit.path):
        raise Forbidden("您不能给这个单位布置任务。")
    problems = _due_problems(due_at, now) | _unit_problems(org_unit)
    if isinstance(target, Course):
        problems |= _course_problems(target)
        words = rank_words(ranks)
    else:
        words = rank_words(ranks) or target.ranks
        problems |= _exam_problems(target, org_unit, words, due_at, now)
    problems |= _rank_problems(session, ranks, org_unit)
    if problems:
        raise DomainError("任务没有布置：" + "；".join(problems.values()), fields=problems)
    assignment = _insert(
        session,
        Assignment(
            kind=AssignmentKind.COURSE if isinstance(target, Course) else AssignmentKind.EXAM,
            course=target if isinstance(target, Course) else None,
            course_id=target.id if isinstance(target, Course) else None,
            exam=target if isinstance(target, Exam) else None,
            exam_id=target.id if isinstance(target, Exam) else None,
            org_unit=org_unit,
            org_unit_id=org_unit.id,
            ranks=words,
            due_at=due_at,
            note=" ".join(note.split())[:200],
            created_by_id=actor.person_id,
            created_at=now,
        ),
    )
    _audit(session, actor, assignment, "assignment.create", "布置", now)
    return assignment


def cancel_assignment(
    session: Session, *, actor: Actor, assignment: Assignment, now: datetime
) -> Assignment:
    """Withdraw it: it leaves every 待办 and every rate. A second click changes nothing.

    Records made meanwhile stay: what was learnt was learnt.
    """
    if not actor.may(Permission.MANAGE_ASSIGNMENT, assignment.org_unit.path):
        raise Forbidden("您不能取消这个单位的任务。")
    session.refresh(assignment, ["cancelled_at"], with_for_update=True)
    if assignment.cancelled_at is not None:
        return assignment
    assignment.cancelled_at = now
    session.flush()
    _audit(session, actor, assignment, "assignment.cancel", "取消", now)
    return assignment


def rank_words(ranks: Sequence[str]) -> str:
    """`|一级科员|二级科员|`, lowest rank first; "" for none. The same set gives the same text."""
    names = {rank.strip() for rank in ranks if rank.strip()}
    ladder = {name: rank.order for name in names if (rank := rank_of(name)) is not None}
    ordered = sorted(names, key=lambda name: (ladder.get(name, len(names) + 99), name))
    return f"|{'|'.join(ordered)}|" if ordered else ""


def _insert(session: Session, assignment: Assignment) -> Assignment:
    """A second click finds the first one's row; two at once are told apart by the unique index."""
    twin = active_twin(
        session,
        kind=AssignmentKind(assignment.kind),
        course_id=assignment.course_id,
        exam_id=assignment.exam_id,
        org_unit_id=assignment.org_unit_id,
        ranks=assignment.ranks,
    )
    if twin is not None:
        raise _already(twin)
    try:
        with session.begin_nested():
            session.add(assignment)
    except IntegrityError as error:
        raise Conflict("相同的任务刚刚已经布置好了。", code="E-ASSIGNED") from error
    return assignment


def _already(twin: Assignment) -> Conflict:
    due = twin.due_at.astimezone(DISPLAY_ZONE)
    return Conflict(
        f"这个单位已有相同的任务，截止 {due:%Y-%m-%d %H:%M}。要改时间，请先取消原来的任务。",
        code="E-ASSIGNED",
    )


def _due_problems(due_at: datetime, now: datetime) -> dict[str, str]:
    if due_at <= now:
        return {"due_at": "截止时间要晚于现在"}
    if (due_at - now).days > 3 * 366:
        return {"due_at": "截止时间最多在三年之内"}
    return {}


def _unit_problems(unit: OrgUnit) -> dict[str, str]:
    return {} if unit.active else {"org_unit": f"{unit.name}已停用"}


def _course_problems(course: Course) -> dict[str, str]:
    ready = course.active and course.current_revision_id is not None
    return {} if ready else {"target": "这门课程已停用"}


def _rank_problems(session: Session, ranks: Sequence[str], unit: OrgUnit) -> dict[str, str]:
    """Ranks of the ladder, and whatever else people of the unit are listed with."""
    unknown = [rank for rank in ranks if rank_of(rank) is None]
    held = set(ranks_in(session, (unit.path,))) if unknown else set()
    wrong = [rank for rank in unknown if rank not in held or "|" in rank]
    return {"ranks": "没有这样的职级：" + "、".join(wrong)} if wrong else {}


def _exam_problems(
    exam: Exam, unit: OrgUnit, words: str, due_at: datetime, now: datetime
) -> dict[str, str]:
    """Nobody may be asked to sit an exam whose audience does not include them."""
    problems: dict[str, str] = {}
    if exam.cancelled_at is not None:
        problems["target"] = "这场考试已取消"
    elif exam.closes_at <= now:
        problems["target"] = "这场考试已结束"
    elif due_at > exam.closes_at:
        closes = exam.closes_at.astimezone(DISPLAY_ZONE)
        problems["due_at"] = f"截止时间不能晚于考试结束时间 {closes:%Y-%m-%d %H:%M}"
    elif due_at <= exam.opens_at:
        problems["due_at"] = "截止时间要晚于考试开始时间"
    if not unit.path.startswith(exam.org_unit.path):
        problems["org_unit"] = f"这场考试面向{exam.org_unit.name}，不包括{unit.name}"
    outside = set(split_ranks(words)) - set(split_ranks(exam.ranks)) if exam.ranks else set()
    if outside:
        problems["ranks"] = "这场考试不面向：" + "、".join(sorted(outside))
    return problems


def _audit(
    session: Session, actor: Actor, assignment: Assignment, action: str, verb: str, now: datetime
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="assignment",
        object_id=assignment.public_id,
        summary=f"{verb}任务《{title_of(assignment)}》给{assignment.org_unit.name}",
        detail={
            "kind": str(assignment.kind),
            "target": assignment.course.code
            if assignment.course
            else assignment.exam.public_id
            if assignment.exam
            else "",
            "org_unit": assignment.org_unit.path,
            "ranks": assignment.ranks,
            "due_at": assignment.due_at.isoformat(),
        },
    )
