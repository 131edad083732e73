"""Moving the window of an exam that has not begun.

Nothing has to be taken back: every door asks `exam.opens_at` in the database at the moment it is
asked, sealed papers do not open by a clock of their own, and whoever is just starting holds the
row this act waits for.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.sittings.services import MAX_WINDOW
from elearn.models import Attempt, Exam


def move_exam(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    opens_at: datetime,
    closes_at: datetime,
    reason: str,
    now: datetime,
) -> Exam:
    """Give the exam another window. Raises Conflict once it is open or somebody has started,
    DomainError with `fields` for a window that cannot be. The same window again changes nothing."""
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    # Waits for everybody who is just starting (`start_attempt` shares the row).
    session.refresh(exam, ["cancelled_at", "opens_at", "closes_at"], with_for_update=True)
    if (exam.opens_at, exam.closes_at) == (opens_at, closes_at):
        return exam
    _require_not_begun(session, exam, now)
    problems = _check(exam, opens_at, closes_at, reason.strip(), now)
    if problems:
        raise DomainError("考试没有改期：" + "；".join(problems.values()), fields=problems)
    before = {"opens_at": exam.opens_at.isoformat(), "closes_at": exam.closes_at.isoformat()}
    exam.opens_at, exam.closes_at = opens_at, closes_at
    session.flush()
    record_act(
        session,
        actor=actor,
        action="exam.move",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》改期：{reason.strip()}",
        detail={
            "before": before,
            "after": {"opens_at": opens_at.isoformat(), "closes_at": closes_at.isoformat()},
            "reason": reason.strip(),
        },
    )
    return exam


_MIN_REASON: Final = 2


def _require_not_begun(session: Session, exam: Exam, now: datetime) -> None:
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    started = session.scalar(
        select(func.count()).select_from(Attempt).where(Attempt.exam_id == exam.id)
    )
    if now >= exam.opens_at or started:
        raise Conflict("考试已经开始，不能再改期。", code="E-STARTED")


def _check(
    exam: Exam, opens_at: datetime, closes_at: datetime, reason: str, now: datetime
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if opens_at <= now:
        problems["opens_at"] = "新的开始时间已经过去"
    if closes_at <= opens_at:
        problems["closes_at"] = "结束时间要晚于开始时间"
    elif closes_at - opens_at < timedelta(seconds=exam.duration_s):
        problems["closes_at"] = f"开放的时间比考试时长（{exam.duration_s // 60} 分钟）还短"
    elif closes_at - opens_at > MAX_WINDOW:
        problems["closes_at"] = "开放的时间最长一年"
    if not _MIN_REASON <= len(reason) <= 200:
        problems["reason"] = "请写明改期的原因（2 到 200 个字）"
    return problems
