"""The marking rule of an exam, and rechecks: asked for, allowed, refused."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.core.grading.grade import GradeState
from elearn.exams.grades.queries import last_grade, visible_of
from elearn.exams.notices.services import tell_person
from elearn.models import (
    Attempt,
    Exam,
    MarkingRule,
    MarkingTurn,
    Person,
    Recheck,
    RecheckState,
)

from .queries import Rule, has_marks, recheck_of, rule_of

RECHECK_DAYS: Final = 15  # after the final grade, for the candidate
MAX_REASON: Final = 500
MAX_TOLERANCE: Final = 10_000


def set_marking_rule(
    session: Session, *, actor: Actor, exam: Exam, rule: Rule, now: datetime
) -> MarkingRule:
    """Once or twice, how far two may differ, with or without names.

    Raises Conflict when marking has begun: sheets of one exam are all marked by one rule.
    """
    _require_scheduler(actor, exam)
    if not 0 <= rule.tolerance_centi <= MAX_TOLERANCE:
        raise DomainError("允许的差异要在 0 到 100 分之间。", code="E-TOLERANCE")
    before = rule_of(session, exam.id)
    same = (before.double, before.tolerance_centi) == (rule.double, rule.tolerance_centi)
    begun = (
        select(MarkingTurn.id)
        .join(Attempt, Attempt.id == MarkingTurn.attempt_id)
        .where(Attempt.exam_id == exam.id)
    )
    if not same and session.scalar(begun.limit(1)) is not None:
        raise Conflict("已经开始阅卷，评阅方式不能再改。", code="E-MARKING")
    row = session.get(MarkingRule, exam.id)
    if row is None:
        row = MarkingRule(exam_id=exam.id)
        session.add(row)
    row.double, row.tolerance_centi = rule.double, rule.tolerance_centi
    row.show_names = rule.show_names
    row.changed_by_id, row.changed_at = actor.person_id, now
    session.flush()
    record_act(
        session,
        actor=actor,
        action="exam.marking_rule",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》{'双评' if rule.double else '单评'}，"
        f"{'显示' if rule.show_names else '不显示'}姓名",
        detail={"double": rule.double, "tolerance_centi": rule.tolerance_centi},
    )
    return row


def request_recheck(
    session: Session, *, person: Person, attempt: Attempt, reason: str, now: datetime
) -> Recheck:
    """The candidate asks for another marker. Once per attempt; a second click gives the first.

    Only while the score is visible, and within `RECHECK_DAYS` of the final grade.
    """
    if attempt.person_id != person.id:
        raise NotFound
    known = recheck_of(session, attempt.id)
    if known is not None:
        return known
    grade = last_grade(session, attempt.id)
    if grade is None or not visible_of(attempt.exam, attempt, grade, now).score:
        raise Conflict("成绩公布后才能申请复核。", code="E-NOSCORE")
    if now > grade.graded_at + timedelta(days=RECHECK_DAYS):
        raise Conflict(f"出成绩后 {RECHECK_DAYS} 天内可以申请复核，现在已过期。", code="E-LATE")
    return _open(session, attempt, person.id, reason, RecheckState.REQUESTED, now)


def order_recheck(
    session: Session, *, actor: Actor, attempt: Attempt, reason: str, now: datetime
) -> Recheck:
    """The examiner has a sheet marked again, at any time, with a reason."""
    _require_scheduler(actor, attempt.exam)
    if attempt.person_id == actor.person_id:
        raise Forbidden("不能安排复核自己的答卷。")
    known = recheck_of(session, attempt.id)
    if known is not None:
        return known
    row = _open(session, attempt, actor.person_id, reason, RecheckState.MARKING, now)
    _record(session, actor, row, "recheck.order", "安排复核", now)
    return row


def decide_recheck(
    session: Session, *, actor: Actor, recheck: Recheck, allow: bool, note: str, now: datetime
) -> Recheck:
    """Send a candidate's request to another marker, or refuse it with a reason. Once."""
    attempt = recheck.attempt
    _require_scheduler(actor, attempt.exam)
    if actor.person_id == recheck.requested_by_id:
        raise Forbidden("不能审批自己的申请。", code="E-FOUR-EYES")
    session.refresh(recheck, ["state"], with_for_update=True)
    wanted = RecheckState.MARKING if allow else RecheckState.REFUSED
    if recheck.state == wanted:
        return recheck
    if recheck.state != RecheckState.REQUESTED:
        raise Conflict("这个复核申请已经处理过了。", code="E-DECIDED")
    note = note.strip()
    if (not allow and not note) or len(note) > MAX_REASON:
        raise DomainError(f"请写明理由，最多 {MAX_REASON} 个字。", code="E-NOTE")
    recheck.state, recheck.note = wanted, note
    recheck.decided_by_id, recheck.decided_at = actor.person_id, now
    session.flush()
    if not allow:
        tell_person(
            session,
            person_id=attempt.person_id,
            exam_id=attempt.exam_id,
            attempt=attempt,
            text=f"您的复核申请没有通过：{note}",
            now=now,
        )
    _record(session, actor, recheck, "recheck.decide", "同意复核" if allow else "不同意复核", now)
    return recheck


def _open(
    session: Session,
    attempt: Attempt,
    by: int,
    reason: str,
    state: RecheckState,
    now: datetime,
) -> Recheck:
    reason = reason.strip()
    if not 2 <= len(reason) <= MAX_REASON:
        raise DomainError(f"请写明理由，2 到 {MAX_REASON} 个字。", code="E-TEXT")
    grade = last_grade(session, attempt.id)
    if grade is None or grade.state != GradeState.FINAL:
        raise Conflict("成绩还没有出来。", code="E-NOSCORE")
    if not has_marks(session, attempt.id):
        message = "这份答卷没有由人评分的题。对题目有疑问，请在解析里提出异议。"
        raise Conflict(message, code="E-NOMARKS")
    ordered = state == RecheckState.MARKING
    row = Recheck(
        attempt_id=attempt.id,
        reason=reason,
        state=state,
        requested_by_id=by,
        requested_at=now,
        decided_by_id=by if ordered else None,
        decided_at=now if ordered else None,
        score_before=grade.score_centi,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        known = recheck_of(session, attempt.id)
        if known is None:
            raise
        return known
    return row


def _require_scheduler(actor: Actor, exam: Exam) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")


def _record(
    session: Session, actor: Actor, row: Recheck, action: str, verb: str, now: datetime
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="recheck",
        object_id=row.public_id,
        summary=verb,
        detail={"attempt": row.attempt_id, "reason": row.reason, "note": row.note},
    )
