"""Giving points for short answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor
from elearn.core.centi import centi_text
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.core.grading.grade import GradeState, Place
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import grade_attempt
from elearn.models import Attempt, Mark

from .queries import Task, alias_of, marking_tasks

MAX_COMMENT: Final = 1000


@dataclass(frozen=True, slots=True)
class PartMark:
    """Points per rubric point, in the rubric's own hundredths."""

    rubric: tuple[int, ...]
    comment: str = ""


def mark_attempt(
    session: Session,
    *,
    actor: Actor,
    attempt: Attempt,
    given: Mapping[Place, PartMark],
    now: datetime,
) -> bool:
    """Add marks; True when the last one is in and the attempt got its final grade.

    Marks are added, never changed: the last one of a part counts until the grade is final. Raises
    Conflict when another marker has finished, DomainError for points outside the rubric.
    """
    if attempt.person_id == actor.person_id:
        raise Forbidden("不能给自己的答卷评分。")
    session.refresh(attempt, ["state"], with_for_update=True)
    grade = last_grade(session, attempt.id)
    if grade is None or grade.state == GradeState.FINAL:
        raise Conflict("这份答卷已经阅完，评分没有改动。", code="E-MARKED")
    tasks = {task.place: task for task in marking_tasks(session, attempt)}
    if not given:
        raise DomainError("还没有填写任何得分。", code="E-MARK")
    marks = [
        _mark(attempt, tasks.get(place), mark, actor, now)
        for place, mark in sorted(given.items())
        if _is_new(tasks.get(place), mark)
    ]
    session.add_all(marks)
    session.flush()
    record_act(
        session,
        actor=actor,
        action="attempt.mark",
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"给答卷 {alias_of(attempt)} 评了 {len(marks)} 道题",
        detail={"points": {f"{m.item_no}.{m.part_no}": m.points_centi for m in marks}},
    )
    if any(task.given is None and task.place not in given for task in tasks.values()):
        return False
    grade_attempt(session, attempt=attempt, now=now, reason="阅卷完成")
    return True


def scaled_points(full_centi: int, given: Sequence[int], rubric: Sequence[int]) -> int:
    """Rubric points -> points of this paper, rounded down; all of the rubric is all of the part."""
    total = sum(rubric)
    return full_centi * sum(given) // total if total else full_centi


def _is_new(task: Task | None, mark: PartMark) -> bool:
    """The form sends back what was given before: that is no new mark."""
    before = task.given if task else None
    same = before and (before.rubric, before.comment) == (list(mark.rubric), mark.comment)
    return not same


def _mark(attempt: Attempt, task: Task | None, mark: PartMark, actor: Actor, now: datetime) -> Mark:
    if task is None:
        raise DomainError("这道题不需要评分。", code="E-MARK")
    limits = [point.points_centi for point in task.rubric]
    if len(mark.rubric) != len(limits):
        raise DomainError(f"第 {task.item} 题的评分要点不全。", code="E-MARK")
    for points, limit in zip(mark.rubric, limits, strict=True):
        if not 0 <= points <= limit:
            message = f"第 {task.item} 题这一条的得分要在 0 到 {centi_text(limit)} 分之间。"
            raise DomainError(message, code="E-MARK")
    if len(mark.comment) > MAX_COMMENT:
        raise DomainError(f"评语最多 {MAX_COMMENT} 个字。", code="E-MARK")
    return Mark(
        attempt_id=attempt.id,
        item_no=task.item,
        part_no=task.part,
        points_centi=scaled_points(task.full_centi, mark.rubric, limits),
        rubric=list(mark.rubric),
        comment=mark.comment,
        marker_id=actor.person_id,
        marked_at=now,
    )
