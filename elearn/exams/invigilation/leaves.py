"""离页记录: what pages tell about having been left. Recorded, shown, judged by a person.

Nothing here ends, fails or changes an attempt (个人信息保护法 art. 24; ux.md 4.8).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import exists, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden, Gone, NotFound
from elearn.models import (
    Attempt,
    AttemptPresence,
    Exam,
    LeaveKind,
    PageLeave,
    PageLeaveVoid,
    Person,
)

MOST: Final = 100
# A record that was stuck in a phone still comes in this long after the end.
DELIVERED_WITHIN: Final = timedelta(days=1)
_ID = re.compile(r"[A-Za-z0-9_-]{8,40}")
BROKEN: Final = "离页记录不完整，请刷新页面。"


@dataclass(frozen=True, slots=True)
class Left:
    """One leave as a page tells it: it began `ago_ms` before the delivery."""

    leave_id: str
    kind: LeaveKind
    ago_ms: int
    duration_ms: int
    maybe_lock: bool


def record_leaves(session: Session, *, attempt: Attempt, raw: Any, now: datetime) -> list[str]:
    """Store what is new and long enough; returns the ids the page may forget.

    Times are claims of the page, kept inside the attempt by the server. A repeated delivery
    changes nothing. Raises DomainError for shapes no page of ours sends.
    """
    told = _read(raw)
    if attempt.submitted_at is not None and now - attempt.submitted_at > DELIVERED_WITHIN:
        raise Gone("考试早已结束，离页记录不再接收。", code="E-SUBMITTED")
    # One delivery at a time: two of the same page wait for each other.
    session.execute(select(Attempt.id).where(Attempt.id == attempt.id).with_for_update())
    known = set(
        session.scalars(select(PageLeave.leave_id).where(PageLeave.attempt_id == attempt.id))
    )
    fresh = [
        _row(attempt, left, now)
        for left in told
        if left.leave_id not in known and left.duration_ms >= attempt.exam.leave_min_s * 1000
    ]
    room = max(0, MOST * 10 - len(known))
    if fresh[:room]:
        session.execute(insert(PageLeave), fresh[:room])
        _count(session, attempt.id, now)
    return [left.leave_id for left in told]


def void_leave(
    session: Session, *, actor: Actor, exam: Exam, leave_id: int, reason: str, now: datetime
) -> PageLeaveVoid:
    """Not counted: the examiner has looked at it. Once; the record itself stays."""
    if not actor.may(Permission.SCHEDULE_EXAM, exam.org_unit.path):
        raise Forbidden("这场考试不在您的考务范围内。")
    reason = reason.strip()
    leave = session.scalar(
        select(PageLeave)
        .join(PageLeave.attempt)
        .where(PageLeave.id == leave_id, Attempt.exam_id == exam.id)
        .with_for_update(of=PageLeave)
    )
    if leave is None:
        raise NotFound
    if not 1 <= len(reason) <= 200:
        raise DomainError("请写明不计入的原因（最多 200 字）。", fields={"reason": "请写明原因"})
    if session.get(PageLeaveVoid, leave.id) is not None:
        raise Conflict("这条离页记录已经不计入了。", code="E-DECIDED")
    void = PageLeaveVoid(leave_id=leave.id, reason=reason, by_id=actor.person_id, at=now)
    session.add(void)
    session.flush()
    _count(session, leave.attempt_id, now)
    tell = update(Attempt).where(Attempt.id == leave.attempt_id).values(news=Attempt.news + 1)
    session.execute(tell.execution_options(synchronize_session=False))
    person = session.get_one(Person, leave.attempt.person_id)
    record_act(
        session,
        actor=actor,
        action="exam.void_leave",
        now=now,
        object_type="attempt",
        object_id=leave.attempt.public_id,
        summary=f"离页记录不计入：{person.name}（{person.staff_no}），{reason}",
        detail={"leave": leave.leave_id, "duration_ms": leave.duration_ms, "reason": reason},
    )
    return void


def leaves_of(
    session: Session, attempt_ids: Sequence[int]
) -> list[tuple[PageLeave, PageLeaveVoid | None]]:
    """Every leave of these attempts with its void, oldest first."""
    rows = session.execute(
        select(PageLeave, PageLeaveVoid)
        .outerjoin(PageLeaveVoid, PageLeaveVoid.leave_id == PageLeave.id)
        .where(PageLeave.attempt_id.in_(list(attempt_ids)))
        .options(joinedload(PageLeaveVoid.by))
        .order_by(PageLeave.began_at, PageLeave.id)
    )
    return [(leave, void) for leave, void in rows]


def _row(attempt: Attempt, left: Left, now: datetime) -> dict[str, Any]:
    began = max(attempt.started_at, now - timedelta(milliseconds=left.ago_ms))
    longest = max(0, (now - began) // timedelta(milliseconds=1))
    return {
        "attempt_id": attempt.id,
        "leave_id": left.leave_id,
        "kind": left.kind,
        "began_at": began,
        "duration_ms": min(left.duration_ms, longest),
        "maybe_lock": left.maybe_lock,
        "received_at": now,
    }


def _count(session: Session, attempt_id: int, now: datetime) -> None:
    """The figures the candidate and the board see: leaves that count, not interruptions."""
    voided = exists().where(PageLeaveVoid.leave_id == PageLeave.id)
    count, away = session.execute(
        select(func.count(), func.coalesce(func.sum(PageLeave.duration_ms), 0)).where(
            PageLeave.attempt_id == attempt_id, PageLeave.kind == LeaveKind.LEAVE, ~voided
        )
    ).one()
    presence = session.get(AttemptPresence, attempt_id)
    if presence is None:
        presence = AttemptPresence(attempt_id=attempt_id, heard_at=now)
        session.add(presence)
    presence.leaves, presence.away_ms = count, int(away)
    session.flush()


def _read(raw: Any) -> list[Left]:
    if not isinstance(raw, list) or len(raw) > MOST:
        raise DomainError(BROKEN, code="E-SHAPE")
    found: dict[str, Left] = {}
    for entry in raw:
        left = _read_one(entry)
        found.setdefault(left.leave_id, left)
    return list(found.values())


def _read_one(entry: Any) -> Left:
    if not isinstance(entry, Mapping) or set(entry) != {"id", "kind", "ago", "ms", "lock"}:
        raise DomainError(BROKEN, code="E-SHAPE")
    leave_id, kind, lock = entry["id"], entry["kind"], entry["lock"]
    numbers = [entry["ago"], entry["ms"]]
    fits = (
        isinstance(leave_id, str)
        and _ID.fullmatch(leave_id)
        and kind in set(LeaveKind)
        and isinstance(lock, bool)
        and all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers)
    )
    if not fits:
        raise DomainError(BROKEN, code="E-SHAPE")
    day = 24 * 3600 * 1000
    return Left(leave_id, LeaveKind(kind), min(numbers[0], day), min(numbers[1], day), lock)
