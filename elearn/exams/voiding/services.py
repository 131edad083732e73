"""Asking for and deciding on annulling an attempt.

A decision is a new grade of nothing and a new training record, never an edit; `grade_attempt` gives
nothing from then on, whatever asks for it (a corrected key, a mark, a late answer). An attempt that is
still running is closed by the decision: what was saved stays, nothing more is taken. It is not taken
back: whom it hit wrongly gets another sitting (补考).
"""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.exams.attempts.saving import hold_attempt
from elearn.exams.attempts.services import submit_attempt
from elearn.exams.grades.queries import last_grade
from elearn.exams.grades.services import grade_attempt, move_hours
from elearn.exams.notices.services import tell_person
from elearn.models import Attempt, AttemptState, AttemptVoid, ClosedBy, VoidDecision

from .queries import waiting_void

MIN_REASON: Final = 4
MAX_REASON: Final = 200
TOLD: Final = "您的一份答卷经两人决定作废，不计成绩。原因在成绩页上，有异议请向考务人员反映。"
TOLD_RUNNING: Final = (
    "您正在作答的答卷经两人决定作废，已收卷，不计成绩。已保存的答案都留存备查，原因在成绩页上。"
    "有异议请向考务人员反映；是否补考由考务人员安排。"
)


def ask_void(
    session: Session, *, actor: Actor, attempt: Attempt, reason: str, now: datetime
) -> AttemptVoid:
    """Ask that the attempt count for nothing. Nothing changes until another person agrees."""
    reason = " ".join(reason.split())
    _require_scope(actor, attempt)
    if not MIN_REASON <= len(reason) <= MAX_REASON:
        message = f"请写明作废的原因，{MIN_REASON} 到 {MAX_REASON} 个字。"
        raise DomainError(message, code="E-REASON", fields={"reason": message})
    hold_attempt(session, attempt)
    _require_voidable(session, attempt)
    row = AttemptVoid(
        attempt_id=attempt.id, reason=reason, asked_by_id=actor.person_id, asked_at=now
    )
    session.add(row)
    session.flush()
    _record(session, actor, row, "attempt.ask_void", "提出作废", now, {})
    return row


def decide_void(
    session: Session,
    *,
    actor: Actor,
    void: AttemptVoid,
    approve: bool,
    note: str,
    now: datetime,
) -> VoidDecision:
    """A second person agrees, or anybody else than the candidate turns it down; who asked may only
    withdraw. Once: raises Conflict afterwards."""
    attempt, note = void.attempt, " ".join(note.split())
    _require_scope(actor, attempt)
    if len(note) > MAX_REASON:
        raise DomainError(f"说明最多 {MAX_REASON} 个字。", code="E-NOTE")
    hold_attempt(session, attempt)
    if session.get(VoidDecision, void.id, populate_existing=True) is not None:
        raise Conflict("这项作废已经有了决定，不能再改。", code="E-DECIDED")
    if approve and actor.person_id == void.asked_by_id:
        raise Forbidden("作废要由提出人以外的人批准。", code="E-FOUR-EYES")
    grade_no = _annul(session, void, now) if approve else None
    decision = VoidDecision(
        void_id=void.id,
        approved=approve,
        note=note,
        grade_no=grade_no,
        asked_by_id=void.asked_by_id,
        decided_by_id=actor.person_id,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    session.expire(void, ["decision"])
    action, verb = (
        ("attempt.void", "批准作废") if approve else ("attempt.refuse_void", "不批准或撤回作废")
    )
    _record(session, actor, void, action, verb, now, {"note": note, "grade_no": grade_no})
    return decision


def annul_agreed(
    session: Session,
    *,
    attempt: Attempt,
    reason: str,
    asked_by_id: int,
    asked_at: datetime,
    decided_by_id: int,
    note: str,
    now: datetime,
) -> VoidDecision:
    """Annul a closed attempt as part of another act two people agreed on: the same rows, in one go.

    The caller holds the attempt, has asked who may, tells the person and moves the hours.
    """
    void = AttemptVoid(
        attempt_id=attempt.id, reason=reason, asked_by_id=asked_by_id, asked_at=asked_at
    )
    session.add(void)
    attempt.voided_at = now
    session.flush()
    grade = grade_attempt(session, attempt=attempt, now=now, reason=f"作废：{reason}")
    decision = VoidDecision(
        void_id=void.id,
        approved=True,
        note=note,
        grade_no=grade.no,
        asked_by_id=asked_by_id,
        decided_by_id=decided_by_id,
        decided_at=now,
    )
    session.add(decision)
    session.flush()
    return decision


def _annul(session: Session, void: AttemptVoid, now: datetime) -> int:
    """The number of the first grade that is nothing. The caller holds the attempt."""
    attempt, reason = void.attempt, f"作废：{void.reason}"
    running = attempt.state == AttemptState.IN_PROGRESS
    before = last_grade(session, attempt.id)
    attempt.voided_at = now
    session.flush()
    if running:
        attempt.news += 1  # the page asks at its next look, and learns it
        submit_attempt(session, attempt=attempt, now=now, by=ClosedBy.EXAMINER, reason=reason)
        no = 1
    else:
        no = grade_attempt(session, attempt=attempt, now=now, reason=reason).no
    if before is not None and before.passed:
        moved = "另一次答卷作废，学时改计入这一次"
        move_hours(session, attempt=attempt, reason=moved, now=now)
    tell_person(
        session,
        person_id=attempt.person_id,
        exam_id=attempt.exam_id,
        attempt=attempt,
        text=TOLD_RUNNING if running else TOLD,
        now=now,
    )
    return no


def _require_scope(actor: Actor, attempt: Attempt) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, attempt.exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    if actor.person_id == attempt.person_id:
        raise Forbidden("不能处理自己的答卷。")


def _require_voidable(session: Session, attempt: Attempt) -> None:
    if attempt.voided_at is not None:
        raise Conflict("这份答卷已经作废。", code="E-VOIDED")
    if waiting_void(session, attempt) is not None:
        raise Conflict("已经有人提出作废这份答卷，请先处理那一项。", code="E-WAITING")


def _record(
    session: Session,
    actor: Actor,
    row: AttemptVoid,
    action: str,
    verb: str,
    now: datetime,
    more: dict[str, Any],
) -> None:
    attempt = row.attempt
    who = f"{attempt.person.name}（{attempt.person.staff_no}）"
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="attempt",
        object_id=attempt.public_id,
        summary=f"{verb}：{who}《{attempt.exam.title}》第 {attempt.no} 次答卷（{row.reason}）",
        detail={
            "void": row.public_id,
            "exam": attempt.exam.public_id,
            "no": attempt.no,
            "reason": row.reason,
            **more,
        },
    )
