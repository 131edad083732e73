"""The save of one answer, the short way: one statement finds out who asks, whether he may, locks
the attempt and numbers the event; one appends it (docs/decisions/0006).

It takes the common case only: a running attempt before its deadline, the device that holds the
lease (or the first one), nobody else's events in the log, one event newer than all before. For
everything else it writes nothing and answers None, and the explicit way decides.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Dialect,
    Integer,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    insert,
    or_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.dml import ReturningUpdate

from elearn.core.errors import DomainError
from elearn.core.grading.answers import is_empty
from elearn.models import (
    AnswerEvent,
    Attempt,
    AttemptState,
    EventStatus,
    LoginSession,
    Person,
)
from elearn.models.base import UTCDateTime
from elearn.prepared import Prepared

from .events import AnswerEventIn, SaveReply, check_events, read_device
from .shapes import Shape, known_shape

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
KEYS: Final = frozenset({"csrf", "device", "events"})


def save_one(
    connection: Connection,
    *,
    public_id: str,
    token_hash: str,
    body: Mapping[str, Any],
    oldest_login: datetime,
    now: datetime,
) -> SaveReply | None:
    """The reply, to be sent after the commit; None: nothing was written, go the explicit way.

    `oldest_login`: sign-ins before it are over (`web.auth.ABSOLUTE_LIFE`).
    """
    shape = known_shape(public_id)
    one = _read(shape, body) if shape is not None else None
    if shape is None or one is None:
        return None
    event, device = one
    lock, append = _statements(connection.dialect)
    slot = shape.slots[event.item, event.part]
    row = lock.run(
        connection,
        {
            "public_id_is": public_id,
            "token_is": token_hash,
            "now_is": now,
            "oldest": oldest_login,
            "device_is": device,
            "number": event.number,
            "filled": "0" if is_empty(event.answer) else "1",
            "at": slot.at + 1,
            "first": slot.first + 1,
            "parts": slot.count,
            "mask_length": len(shape.slots),
        },
    )
    if row is None:
        return None
    attempt_id, seq, answered, deadline_at, news = row
    try:
        append.run(connection, _row(attempt_id, seq, event, device, now))
    except IntegrityError:  # delivered before: the explicit way looks what it was
        return None
    return SaveReply(
        acked=(event.event_id,),
        seq=seq,
        saved=answered,
        server_time=now,
        deadline=deadline_at,
        news=news,
        statuses={event.event_id: EventStatus.COUNTED.value},
    )


def _read(shape: Shape, body: Mapping[str, Any]) -> tuple[AnswerEventIn, str] | None:
    """The one event and its device; None for anything out of the ordinary."""
    events = body.get("events")
    if body.keys() - KEYS or not isinstance(events, list) or len(events) != 1:
        return None
    try:
        device = read_device(body.get("device"))
        (event,) = check_events(shape, events).events
    except DomainError:
        return None
    return event, device


def _row(
    attempt_id: int, seq: int, event: AnswerEventIn, device: str, now: datetime
) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "seq": seq,
        "event_id": event.event_id,
        "item_no": event.item,
        "part_no": event.part,
        "value": {"answer": event.answer},
        "received_at": now,
        "base": event.base,
        "device": device,
        "device_no": event.number,
        "made_ms": event.made_ms,
        "status": EventStatus.COUNTED,
    }


@lru_cache(maxsize=4)
def _statements(dialect: Dialect) -> tuple[Prepared, Prepared]:
    """Of this dialect, made once."""
    columns = list(_row(0, 0, AnswerEventIn("", 0, 0, ""), "", EPOCH))
    returned = (Integer(), Integer(), Integer(), UTCDateTime(), Integer())
    return (
        Prepared(_lock_and_number(), dialect, returns=returned),
        Prepared(insert(AnswerEvent), dialect, columns=columns),
    )


def _lock_and_number() -> ReturningUpdate[tuple[int, int, int, datetime, int]]:
    """Everything the door, the owner, the clock and the lease would ask, in one WHERE."""
    a, login, person = Attempt.__table__.c, LoginSession.__table__.c, Person.__table__.c
    now, device = bindparam("now_is", type_=UTCDateTime()), bindparam("device_is", type_=String())
    number, at, first, parts = (
        bindparam(name, type_=Integer()) for name in ("number", "at", "first", "parts")
    )
    filled = bindparam("filled", type_=String())
    before = func.substr(a.answered_mask, first, parts)
    mask = (
        func.substr(a.answered_mask, 1, at - 1)
        .concat(filled)
        .concat(func.substr(a.answered_mask, at + 1))
    )
    after = func.substr(mask, first, parts)
    signed_in = and_(
        login.token_hash == bindparam("token_is", type_=String()),
        login.person_id == person.id,
        login.session_version == person.session_version,
        login.expires_at > now,
        login.created_at > bindparam("oldest", type_=UTCDateTime()),
        person.active,
    )
    writes = or_(a.device == device, and_(a.device.is_(None), or_(device == "", a.last_seq == 0)))
    return (
        update(Attempt)
        .where(
            a.public_id == bindparam("public_id_is", type_=String()),
            a.person_id == person.id,
            signed_in,
            a.state == AttemptState.IN_PROGRESS,
            a.deadline_at >= now,
            a.paused_at.is_(None),
            writes,
            a.mixed == false(),
            or_(number == 0, a.device_no < number),
            func.length(a.answered_mask) == bindparam("mask_length", type_=Integer()),
        )
        .values(
            last_seq=a.last_seq + 1,
            last_saved_at=now,
            device=case((device == "", a.device), else_=device),
            device_since=case(
                (device == "", a.device_since), else_=func.coalesce(a.device_since, now)
            ),
            device_no=case((number == 0, a.device_no), else_=number),
            answered_mask=mask,
            answered=a.answered
            + case((after.contains("1"), 1), else_=0)
            - case((before.contains("1"), 1), else_=0),
        )
        .returning(a.id, a.last_seq, a.answered, a.deadline_at, a.news)
    )
