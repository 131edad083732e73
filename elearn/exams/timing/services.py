"""Changing the time of a running exam: extend, decide, pause, resume.

Every act is one append-only `time_change` row, one audit entry and the deadlines it moves, in one
transaction. The exam's row is locked first; `start_attempt` shares it, so nobody starts with terms
that have just changed. `attempt.deadline_at` of loaded objects is stale afterwards: refresh them.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, not_, select, update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden, NotFound
from elearn.core.exam_time import needs_second_person
from elearn.exams.invigilation.messages import add_message
from elearn.exams.sittings.queries import is_eligible
from elearn.models import Attempt, AttemptState, Exam, Person, TimeChange, TimeKind

from .clock import ends_at, window_time
from .queries import (
    Ledger,
    Target,
    attempts_of,
    contains,
    overlap,
    read_ledger,
    target_of,
)

LONGEST: Final = timedelta(hours=4)
TERMS: Final = (
    "cancelled_at", "opens_at", "closes_at", "retimed", "extended_s",
    "paused_at", "open_pauses", "last_deadline_at",
)  # fmt: skip


def extend_time(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    target: Target,
    minutes: int,
    reason: str,
    now: datetime,
) -> TimeChange:
    """Give more time. Above ten minutes in all it waits for another examiner (`needs_approval`)."""
    reason = _require(actor, exam, reason)
    if not 1 <= minutes <= LONGEST // timedelta(minutes=1):
        raise DomainError("延长时间要在 1 到 240 分钟之间。", fields={"minutes": "填 1 到 240"})
    ledger = _lock(session, exam)
    _require_live(session, exam, now)
    if target.person is not None:
        _require_extendable(session, exam, target.person, now)
    alone = _given_alone(ledger, target)
    needs = needs_second_person(alone, minutes * 60)
    moved = [] if needs else _move(session, exam, attempts_of(target), _by(minutes * 60))
    change = _record(
        session,
        actor,
        exam,
        TimeKind.EXTEND,
        target,
        reason,
        now,
        seconds=minutes * 60,
        needs_approval=needs,
        touched=len(moved),
    )
    if not needs:
        _apply(session, actor, exam, change, moved, now)
    return change


def decide_extension(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    change: TimeChange,
    approve: bool,
    reason: str,
    now: datetime,
) -> TimeChange:
    """A second person approves or refuses; who asked may only withdraw. Once: then Conflict."""
    reason = _require(actor, exam, reason or ("同意" if approve else "不同意"))
    ledger = _lock(session, exam)
    if change.exam_id != exam.id or change.kind != TimeKind.EXTEND or not change.needs_approval:
        raise NotFound
    if change.id in ledger.answered:
        raise Conflict("这次延长已经处理过了。", code="E-DECIDED")
    if not approve:
        return _record(
            session, actor, exam, TimeKind.REFUSE, target_of(change), reason, now, of=change
        )
    if change.by_id == actor.person_id:
        message = "超过 10 分钟的延长要由另一位考务人员批准，不能自己批准自己提出的。"
        raise Forbidden(message, code="E-TWO")
    _require_live(session, exam, now)
    moved = _move(session, exam, attempts_of(target_of(change)), _by(change.seconds))
    decision = _record(
        session,
        actor,
        exam,
        TimeKind.APPROVE,
        target_of(change),
        reason,
        now,
        of=change,
        touched=len(moved),
    )
    _apply(session, actor, exam, change, moved, now)
    return decision


def pause_exam(
    session: Session, *, actor: Actor, exam: Exam, target: Target, reason: str, now: datetime
) -> TimeChange:
    """Stop the clock of everybody answering in the target, and let nobody start there."""
    reason = _require(actor, exam, reason)
    ledger = _lock(session, exam)
    _require_live(session, exam, now)
    if now < exam.opens_at:
        raise Conflict("考试还没有开始，不用暂停。", code="E-NOTOPEN")
    if any(contains(target_of(pause), target) for pause in ledger.pauses):
        raise Conflict(f"{target.words}已经暂停。", code="E-PAUSED")
    held = session.execute(
        update(Attempt)
        .where(
            _running(exam),
            attempts_of(target),
            Attempt.paused_at.is_(None),
            Attempt.deadline_at > now,
        )
        .values(paused_at=now, news=Attempt.news + 1)
        .execution_options(synchronize_session=False)
    )
    touched: int = held.rowcount  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts
    if target.person is not None and not touched:
        raise Conflict(f"{target.words}现在没有在答题，不能暂停。", code="E-NOTRUNNING")
    exam.open_pauses += 1
    exam.retimed = True
    if target.everybody:
        exam.paused_at = now
    return _record(session, actor, exam, TimeKind.PAUSE, target, reason, now, touched=touched)


def resume_exam(
    session: Session,
    *,
    actor: Actor,
    exam: Exam,
    change: TimeChange,
    now: datetime,
    reason: str = "恢复考试",
) -> TimeChange:
    """End a pause: every clock it held goes on with exactly what was left.

    Whoever another pause still covers stays paused. A pause of everybody also moves the end of
    the window by its length.
    """
    reason = _require(actor, exam, reason)
    ledger = _lock(session, exam)
    if change.exam_id != exam.id or change.kind != TimeKind.PAUSE:
        raise NotFound
    if change.id in ledger.answered:
        raise Conflict("已经恢复了。", code="E-DECIDED")
    still = [attempts_of(target_of(p)) for p in ledger.pauses if p.id != change.id]
    free = and_(Attempt.paused_at.is_not(None), *(not_(scope) for scope in still))
    moved = _move(session, exam, free, lambda paused_at: _stood(paused_at, now), paused_at=None)
    target = target_of(change)
    exam.open_pauses -= 1
    if target.everybody:
        lost = _stood(exam.paused_at, now)
        exam.paused_at = None
        exam.closes_at += lost
        if exam.last_deadline_at is not None:
            exam.last_deadline_at += lost
    _remember_last(exam, moved)
    return _record(
        session, actor, exam, TimeKind.RESUME, target, reason, now, of=change, touched=len(moved)
    )


def _stood(paused_at: datetime | None, now: datetime) -> timedelta:
    """How long a clock stood. One that was set back meanwhile takes nobody's time away: those who
    were not paused got as much by it."""
    return max(timedelta(0), now - (paused_at or now))


def _by(seconds: int) -> Callable[[datetime | None], timedelta]:
    return lambda _: timedelta(seconds=seconds)


def _move(
    session: Session,
    exam: Exam,
    scope: ColumnElement[bool],
    delta: Callable[[datetime | None], timedelta],
    **also: None,
) -> list[datetime]:
    """Move the deadlines of the running attempts in `scope` and set `also`; returns the new ones.
    `delta` is told when the attempt was paused.

    Computed here and not in SQL, because the two databases do not agree on adding to a time.
    """
    rows = session.execute(
        select(Attempt.id, Attempt.deadline_at, Attempt.paused_at, Attempt.news)
        .where(_running(exam), scope)
        .order_by(Attempt.id)
        .with_for_update()
    ).all()
    moved = [
        {
            "id": row.id,
            "deadline_at": row.deadline_at + delta(row.paused_at),
            "news": row.news + 1,
            **also,
        }
        for row in rows
    ]
    if moved:
        session.execute(update(Attempt), moved)
    return [row["deadline_at"] for row in moved]


def _running(exam: Exam) -> ColumnElement[bool]:
    return and_(Attempt.exam_id == exam.id, Attempt.state == AttemptState.IN_PROGRESS)


def _apply(
    session: Session,
    actor: Actor,
    exam: Exam,
    change: TimeChange,
    moved: Sequence[datetime],
    now: datetime,
) -> None:
    """What an extension in effect does to the exam, and telling those it is for."""
    target, more = target_of(change), timedelta(seconds=change.seconds)
    exam.retimed = True
    if target.everybody:
        exam.extended_s += change.seconds
        exam.closes_at += more
        if exam.last_deadline_at is not None:
            exam.last_deadline_at += more
    else:
        # Who starts later in this room gets it too, on top of the window's end.
        exam.last_deadline_at = ends_at(exam) + more
    _remember_last(exam, moved)
    text = f"监考为您延长 {change.seconds // 60} 分钟。原因：{change.reason}"
    add_message(session, exam=exam, target=target, text=text, by_id=actor.person_id, now=now)


def _remember_last(exam: Exam, deadlines: Sequence[datetime]) -> None:
    last = max(deadlines, default=exam.closes_at)
    if last > ends_at(exam):
        exam.last_deadline_at = last


def _lock(session: Session, exam: Exam) -> Ledger:
    session.refresh(exam, TERMS, with_for_update=True)
    return read_ledger(session, exam)


def _given_alone(ledger: Ledger, target: Target) -> int:
    return sum(
        change.seconds
        for change, _ in ledger.effective
        if not change.needs_approval and overlap(target_of(change), target)
    )


def _require(actor: Actor, exam: Exam, reason: str) -> str:
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    reason = reason.strip()
    if not 1 <= len(reason) <= 200:
        raise DomainError("请写明原因（最多 200 字）。", fields={"reason": "请写明原因"})
    return reason


def _require_live(session: Session, exam: Exam, now: datetime) -> None:
    if exam.cancelled_at is not None:
        raise Conflict("这场考试已取消。", code="E-CANCELLED")
    if window_time(exam, now) < exam.closes_at:
        return
    running = select(func.count()).select_from(Attempt).where(_running(exam))
    if not session.scalar(running):
        raise Conflict("考试已结束，不能再改时间。", code="E-CLOSED")


def _require_extendable(session: Session, exam: Exam, person: Person, now: datetime) -> None:
    """Answering now, or able to start."""
    states = session.scalars(
        select(Attempt.state).where(Attempt.exam_id == exam.id, Attempt.person_id == person.id)
    ).all()
    if AttemptState.IN_PROGRESS in states:
        return
    if len(states) >= exam.attempts_max:
        raise Conflict(f"{person.name}已经交卷，不能再延长。", code="E-SUBMITTED")
    over = window_time(exam, now) >= exam.closes_at
    if over or not is_eligible(session, exam=exam, person=person):
        raise Conflict(f"{person.name}不能再进入这场考试，不用延长。", code="E-CLOSED")


def _record(
    session: Session,
    actor: Actor,
    exam: Exam,
    kind: TimeKind,
    target: Target,
    reason: str,
    now: datetime,
    *,
    of: TimeChange | None = None,
    seconds: int = 0,
    needs_approval: bool = False,
    touched: int = 0,
) -> TimeChange:
    change = TimeChange(
        exam_id=exam.id,
        kind=kind,
        org_unit=target.org_unit,
        person=target.person,
        seconds=seconds,
        needs_approval=needs_approval,
        reason=reason,
        of_id=of.id if of else None,
        touched=touched,
        by_id=actor.person_id,
        at=now,
    )
    session.add(change)
    session.flush()
    minutes = (of.seconds if of else seconds) // 60
    verb = {
        TimeKind.EXTEND: f"{'提出' if needs_approval else ''}延长 {minutes} 分钟",
        TimeKind.PAUSE: "暂停",
        TimeKind.RESUME: "恢复",
        TimeKind.APPROVE: f"批准延长 {minutes} 分钟",
        TimeKind.REFUSE: f"不批准延长 {minutes} 分钟",
    }[kind]
    detail: dict[str, Any] = {
        "change": change.public_id,
        "scope": target.words,
        "reason": reason,
        "touched": touched,
        "closes_at": exam.closes_at.isoformat(),
    }
    if of is not None:
        detail["of"] = of.public_id
    record_act(
        session,
        actor=actor,
        action=f"exam.{kind.value.lower()}",
        now=now,
        object_type="exam",
        object_id=exam.public_id,
        summary=f"《{exam.title}》{verb}：{target.words}（{reason}）",
        detail=detail,
    )
    return change
