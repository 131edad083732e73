"""Giving out a learning path: its courses are given out, one assignment each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from elearn.core.access import Actor
from elearn.core.errors import Conflict, DomainError
from elearn.models import Assignment, AssignmentKind, LearningPath, OrgUnit

from .queries import active_twin
from .services import create_assignment, rank_words

MAX_NOTE: Final = 200  # of the column


@dataclass(frozen=True, slots=True)
class PathGiven:
    """`already`: how many courses the same people had to take anyway; those keep their date."""

    path: LearningPath
    given: list[Assignment]
    already: int

    @property
    def words(self) -> str:
        """What HR is told."""
        words = f"学习路径《{self.path.title}》的 {len(self.given)} 门课已布置"
        if self.already:
            words += f"；另有 {self.already} 门原来就布置过，截止时间没有变"
        return words + "。相关干部的待办里已经可以看到。"


def assign_path(
    session: Session,
    *,
    actor: Actor,
    path: LearningPath,
    org_unit: OrgUnit,
    ranks: Sequence[str],
    due_at: datetime,
    note: str,
    now: datetime,
) -> PathGiven:
    """Ask everybody in the unit's subtree (of these ranks) for every course of the path.

    All or nothing, as `create_assignment` for each course. A course already asked of the same
    people is left as it is; Conflict when that is so for all of them.
    """
    name = f"学习路径《{path.title}》"
    told = f"{name} {' '.join(note.split())}".strip()
    if len(told) > MAX_NOTE:
        message = f"说明最多 {MAX_NOTE - len(name) - 1} 字（前面会加上{name}）"
        raise DomainError(f"任务没有布置：{message}", fields={"note": message})
    given: list[Assignment] = []
    for step in path.steps:
        if not step.course.active or _twin(session, step.course_id, org_unit, ranks):
            continue
        given.append(
            create_assignment(
                session,
                actor=actor,
                target=step.course,
                org_unit=org_unit,
                ranks=ranks,
                due_at=due_at,
                note=told,
                now=now,
            )
        )
    live = [step for step in path.steps if step.course.active]
    if not live:
        message = "这条学习路径里没有在用的课程"
        raise DomainError(f"任务没有布置：{message}", fields={"target": message})
    if not given:
        raise Conflict("这条路径的课程都已经布置给这个单位了。", code="E-ASSIGNED")
    return PathGiven(path, given, already=len(live) - len(given))


def _twin(
    session: Session, course_id: int, org_unit: OrgUnit, ranks: Sequence[str]
) -> Assignment | None:
    return active_twin(
        session,
        kind=AssignmentKind.COURSE,
        course_id=course_id,
        exam_id=None,
        org_unit_id=org_unit.id,
        ranks=rank_words(ranks),
    )
