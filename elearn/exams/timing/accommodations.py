"""Extra time for people: one examiner enters it, another approves it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from elearn.audit import record_act
from elearn.core.access import Actor, Permission
from elearn.core.errors import Conflict, DomainError, Forbidden
from elearn.models import Accommodation, AccommodationReason, Person

from .queries import people_in_scope

REASON_NAMES: Final[dict[str, str]] = {
    AccommodationReason.AGE: "年龄",
    AccommodationReason.CARE: "照顾申请批准",
}
LONGEST: Final = timedelta(days=3 * 366)
MOST_PEOPLE: Final = 500


def request_accommodations(
    session: Session,
    *,
    actor: Actor,
    staff_numbers: Sequence[str],
    reason: AccommodationReason,
    percent: int | None,
    minutes: int | None,
    document: str,
    valid_from: datetime,
    valid_until: datetime,
    now: datetime,
    open_book: bool = False,
) -> list[Accommodation]:
    """One per person, all or none. They count once another examiner has approved them.

    Raises DomainError with `fields` naming what does not fit.
    """
    numbers = list(dict.fromkeys(n.strip() for n in staff_numbers if n.strip()))
    problems = _problems(numbers, document, valid_from, valid_until, now)
    problems |= _amount_problems(percent, minutes, open_book=open_book)
    people = {person.staff_no: person for person in people_in_scope(session, actor, numbers)}
    unknown = [number for number in numbers if number not in people]
    if unknown:
        problems["staff_numbers"] = "您的考务范围内没有这些在岗人员：" + "、".join(unknown[:20])
    if problems:
        raise DomainError("没有保存：" + "；".join(problems.values()) + "。", fields=problems)
    made = []
    for number in numbers:
        row = Accommodation(
            person=people[number],
            reason=reason,
            percent=percent,
            minutes=minutes,
            open_book=open_book,
            document=document.strip(),
            valid_from=valid_from,
            valid_until=valid_until,
            requested_by_id=actor.person_id,
            requested_at=now,
        )
        session.add(row)
        made.append(row)
    session.flush()
    for row in made:
        _record(session, actor, row, "accommodation.request", "登记照顾加时", now)
    return made


def approve_accommodation(
    session: Session, *, actor: Actor, row: Accommodation, now: datetime
) -> Accommodation:
    """By somebody else than who entered it, once; and not for oneself."""
    _require_other(actor, row)
    if not _approve(session, actor, row, now):
        raise Conflict("这条加时已经处理过了。", code="E-DECIDED")
    return row


def approve_accommodations(
    session: Session, *, actor: Actor, rows: Sequence[Accommodation], now: datetime
) -> list[Accommodation]:
    """Approve several, each with an audit entry of its own; returns those approved now.

    One that may not be approved by this person refuses all of them. What somebody else decided
    meanwhile stays as it is: a second click changes nothing.
    """
    if not rows:
        raise DomainError("请先选定要批准的人。", code="E-NONE")
    for row in rows:
        _require_other(actor, row)
    return [row for row in rows if _approve(session, actor, row, now)]


def end_accommodation(
    session: Session, *, actor: Actor, row: Accommodation, now: datetime
) -> Accommodation:
    """Refuse, withdraw or end it. Attempts that have started keep their time."""
    _require_scope(actor, row)
    changed = session.execute(
        update(Accommodation)
        .where(Accommodation.id == row.id, Accommodation.ended_at.is_(None))
        .values(ended_by_id=actor.person_id, ended_at=now)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row, ["ended_by_id", "ended_at"])
    if not changed.rowcount:  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts rows
        raise Conflict("这条加时已经停用。", code="E-DECIDED")
    _record(session, actor, row, "accommodation.end", "停用照顾加时", now)
    return row


def may_approve(actor: Actor, row: Accommodation) -> bool:
    """Does it wait for this person among others?"""
    open_now = row.approved_at is None and row.ended_at is None
    return open_now and actor.person_id not in {row.requested_by_id, row.person_id}


def amount_words(row: Accommodation) -> str:
    """`时长的 25%`, `15 分钟`, `开卷`, or a time and 开卷."""
    words = [f"{row.minutes} 分钟"] if row.minutes is not None else []
    words += [f"时长的 {row.percent}%"] if row.percent is not None else []
    return "，".join([*words, *(["开卷"] if row.open_book else [])])


def _require_other(actor: Actor, row: Accommodation) -> None:
    _require_scope(actor, row)
    if actor.person_id in {row.requested_by_id, row.person_id}:
        message = "要由另一位考务人员批准，不能批准自己登记的，也不能批准给自己的。"
        raise Forbidden(message, code="E-TWO")


def _approve(session: Session, actor: Actor, row: Accommodation, now: datetime) -> bool:
    """False when it was decided before."""
    changed = session.execute(
        update(Accommodation)
        .where(
            Accommodation.id == row.id,
            Accommodation.approved_at.is_(None),
            Accommodation.ended_at.is_(None),
        )
        .values(approved_by_id=actor.person_id, approved_at=now)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row, ["approved_by_id", "approved_at", "ended_at"])
    if not changed.rowcount:  # type: ignore[attr-defined]  # a CursorResult: UPDATE counts rows
        return False
    session.get_one(Person, row.person_id).accommodated = True
    _record(session, actor, row, "accommodation.approve", "批准照顾加时", now)
    return True


def _require_scope(actor: Actor, row: Accommodation) -> None:
    if not actor.may(Permission.SCHEDULE_EXAM, row.person.org_unit.path):
        raise Forbidden("这个人不在您的考务范围内。")


def _problems(
    numbers: Sequence[str],
    document: str,
    valid_from: datetime,
    valid_until: datetime,
    now: datetime,
) -> dict[str, str]:
    problems: dict[str, str] = {}
    if not 1 <= len(numbers) <= MOST_PEOPLE:
        problems["staff_numbers"] = f"填 1 到 {MOST_PEOPLE} 个工号"
    if not 1 <= len(document.strip()) <= 100:
        problems["document"] = "填依据的文号或批准记录编号，最多 100 字"
    if valid_until <= valid_from:
        problems["valid_until"] = "截止日期不能早于开始日期"
    elif valid_until <= now:
        problems["valid_until"] = "截止日期已经过去"
    elif valid_until - valid_from > LONGEST:
        problems["valid_until"] = "最长三年"
    return problems


def _amount_problems(
    percent: int | None, minutes: int | None, *, open_book: bool
) -> dict[str, str]:
    if percent is None and minutes is None:
        return {} if open_book else {"minutes": "分钟和百分比填一项，或勾选开卷"}
    if percent is not None and minutes is not None:
        return {"minutes": "分钟和百分比只填一项"}
    if percent is not None and not 1 <= percent <= 100:
        return {"percent": "百分比填 1 到 100"}
    if minutes is not None and not 1 <= minutes <= 240:
        return {"minutes": "分钟填 1 到 240"}
    return {}


def _record(
    session: Session, actor: Actor, row: Accommodation, action: str, verb: str, now: datetime
) -> None:
    record_act(
        session,
        actor=actor,
        action=action,
        now=now,
        object_type="person",
        object_id=row.person.public_id,
        summary=f"{verb}：{row.person.name}（{row.person.staff_no}），{amount_words(row)}",
        detail={
            "accommodation": row.public_id,
            "reason": REASON_NAMES[row.reason],
            "document": row.document,
            "valid_from": row.valid_from.isoformat(),
            "valid_until": row.valid_until.isoformat(),
        },
    )
