"""Saving answers: every event is kept, judged once, and acknowledged with what it is worth.

This is the explicit way; `fast_save.py` is the short one for the common case and falls back here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from elearn.core.canonical import canonical_json
from elearn.core.errors import Gone
from elearn.core.grading.answers import CHOICES, Answer, is_empty, shown_options
from elearn.core.grading.grade import Place
from elearn.exams.grades.policy import held_until
from elearn.exams.timing.clock import ends_at
from elearn.models import AnswerEvent, Attempt, AttemptState, EventStatus, Exam

from .events import (
    AnswerEventIn,
    Delivery,
    LeaseHeld,
    SaveReply,
    check_events,
    other_body,
    read_flags,
    read_page,
)
from .protocol import PAGE, Clockwork, Current, collides, running, timing
from .queries import current_answers, standing_answers
from .shapes import Shape, shape_of

VOIDED: Final = "这份答卷已由考务人员决定作废，不能再作答。以前保存的答案都留存，这次的没有保存。"
COUNTS: Final = (EventStatus.COUNTED, EventStatus.LATE)


@dataclass(frozen=True, slots=True)
class Sender:
    """The device events come from. `orphan`: left over from before another device took over."""

    device: str = ""
    orphan: bool = False


def save_answers(
    session: Session,
    *,
    attempt: Attempt,
    events: Sequence[Mapping[str, Any]],
    now: datetime,
    flags: Sequence[Any] | None = None,
    sender: Sender = Sender(),
) -> SaveReply:
    """Append what a client delivered: `{event_id, item, part, value, base, made_ms, n}` each.

    A delivery repeated is answered again, also after the end; an event id reused for another
    answer is refused (E-EVENT). Raises LeaseHeld while another device writes, Gone when nothing is
    taken any more, AnswersRefused (naming the events) for shapes no page of ours sends; nothing of
    the delivery is stored then.
    """
    hold_attempt(session, attempt)
    shape = shape_of(attempt)
    delivery = check_events(shape, events)
    stored = _stored(session, attempt, delivery)
    fresh = [event for event in delivery.events if event.event_id not in stored]
    flagged = read_flags(shape, flags)
    if flagged == attempt.flags:
        flagged = None
    time = clockwork(session, attempt)
    if fresh or flagged is not None:
        _require_open(time, attempt, fresh, sender, now)
        judged = _append(session, attempt, shape, fresh, sender, time, now)
        stored = {**stored, **judged}
        if running(time, now):
            _note(attempt, flagged, sender, now)
        session.flush()
    return _reply(session, attempt, shape, delivery, stored, now)


def save_page(
    session: Session,
    *,
    attempt: Attempt,
    posted: Mapping[str, Sequence[str]],
    now: datetime,
) -> SaveReply:
    """Save the whole page of a browser without scripts.

    Three-way: only what this page changed since it was rendered (field `base`, the last event it
    showed) is an event; where another device changed the same part since, both are kept and the
    other's stands. Sending the form is an explicit act: it takes the writing lease.
    """
    hold_attempt(session, attempt)
    shape = shape_of(attempt)
    page = read_page(shape, posted)
    shown = current_answers(session, attempt.id, up_to=page.base)
    now_stored = current_answers(session, attempt.id)
    changed = [
        AnswerEventIn(_page_event_id(page.base, place, answer), *place, answer, page.base)
        for place, answer in page.answers.items()
        if _differ(answer, shown.get(place)) and _differ(answer, now_stored.get(place))
    ]
    delivery = Delivery(tuple(changed))
    stored = _stored(session, attempt, delivery)
    fresh = [event for event in changed if event.event_id not in stored]
    time, sender = clockwork(session, attempt), Sender(PAGE)
    if fresh or page.flags != attempt.flags:
        if running(time, now) and attempt.device not in {None, PAGE}:
            attempt.device, attempt.device_since, attempt.mixed = PAGE, now, True
        _require_open(time, attempt, fresh, sender, now)
        stored |= _append(session, attempt, shape, fresh, sender, time, now)
        if running(time, now):
            _note(attempt, page.flags, sender, now)
        session.flush()
    return _reply(session, attempt, shape, delivery, stored, now)


def hold_attempt(session: Session, attempt: Attempt) -> None:
    """Lock the row (PostgreSQL; a SQLite writer is alone anyway): sequence numbers are ours, and
    what others change of it is read again. Whoever grades a closed attempt holds it so: a
    `late_until` read before the lock may be over, and the grade would never get its record."""
    fields = [
        *("state", "closed_by", "submitted_at", "deadline_at", "late_until", "voided_at"),
        "refiled_at",
        *("last_seq", "answered", "answered_mask", "last_saved_at", "flags"),
        *("device", "device_since", "device_no", "mixed", "paused_at", "news"),
    ]
    session.refresh(attempt, fields, with_for_update=True)


def clockwork(session: Session, attempt: Attempt) -> Clockwork:
    """The attempt as the rules of time see it."""
    exam = session.get_one(Exam, attempt.exam_id)
    return Clockwork(
        state=attempt.state,
        closed_by=attempt.closed_by,
        started_at=attempt.started_at,
        deadline_at=attempt.deadline_at,
        held_until=held_until(
            policy=exam.review_policy,
            closes_at=ends_at(exam),
            released_at=exam.results_released_at,
            deadline_at=attempt.deadline_at,
        ),
        settled=attempt.state == AttemptState.SUBMITTED and attempt.late_until is None,
        stands_at=attempt.paused_at,
    )


def shown_value(shape: Shape, place: Place, answer: Answer) -> Any:
    """An answer as the page has it: positions on the screen, or texts."""
    part = shape.slots[place].part
    if part.type in CHOICES:
        return shown_options(part, [int(option) for option in answer])
    return answer


def _require_open(
    time: Clockwork,
    attempt: Attempt,
    fresh: Sequence[AnswerEventIn],
    sender: Sender,
    now: datetime,
) -> None:
    """Raises Gone or LeaseHeld. After the end there is no lease: leftovers of any device come."""
    if not running(time, now):
        if any(
            timing(time, now=now, made_ms=event.made_ms, orphan=sender.orphan) for event in fresh
        ):
            return
        if attempt.voided_at is not None:
            raise Gone(VOIDED, code="E-VOIDED")
        if attempt.state != AttemptState.IN_PROGRESS and not _ended_by_time(time):
            raise Gone("已经交卷，答案不能再改。", code="E-SUBMITTED")
        raise Gone("考试时间已到，系统已收卷。", code="E-DEADLINE")
    if not sender.orphan and attempt.device not in {None, sender.device}:
        raise LeaseHeld(attempt.device_since)


def _ended_by_time(time: Clockwork) -> bool:
    return time.closed_by is not None and str(time.closed_by) == "DEADLINE"


def _append(
    session: Session,
    attempt: Attempt,
    shape: Shape,
    events: Sequence[AnswerEventIn],
    sender: Sender,
    time: Clockwork,
    now: datetime,
) -> dict[str, EventStatus]:
    """Store the events in their order, each with its status; event id -> status."""
    if not events:
        return {}
    standing = standing_answers(session, attempt.id)
    rows: list[dict[str, Any]] = []
    for seq, event in enumerate(events, attempt.last_seq + 1):
        status = timing(time, now=now, made_ms=event.made_ms, orphan=sender.orphan)
        status = status or EventStatus.HELD  # one of the delivery is taken: none is thrown away
        if status in COUNTS and collides(event, standing, sender.device):
            status = EventStatus.CONFLICT
        if status in COUNTS:
            standing[event.item, event.part] = Current(
                seq, sender.device, event.number, event.answer
            )
        rows.append(_row(attempt, seq, event, sender, status, now))
    session.execute(insert(AnswerEvent), rows)
    if sender.orphan or (attempt.last_seq and sender.device != (attempt.device or "")):
        attempt.mixed = True
    answered = {
        place: current for place, current in standing.items() if not is_empty(current.answer)
    }
    attempt.last_seq += len(rows)
    attempt.answered_mask = shape.mask(answered)
    attempt.answered = shape.answered(attempt.answered_mask)
    attempt.device_no = max(attempt.device_no, *(event.number for event in events))
    return {row["event_id"]: row["status"] for row in rows}


def _row(
    attempt: Attempt,
    seq: int,
    event: AnswerEventIn,
    sender: Sender,
    status: EventStatus,
    now: datetime,
) -> dict[str, Any]:
    return {
        "attempt_id": attempt.id,
        "seq": seq,
        "event_id": event.event_id,
        "item_no": event.item,
        "part_no": event.part,
        "value": {"answer": event.answer},
        "received_at": now,
        "base": event.base,
        "device": sender.device,
        "device_no": event.number,
        "made_ms": event.made_ms,
        "status": status,
    }


def _note(attempt: Attempt, flags: list[int] | None, sender: Sender, now: datetime) -> None:
    """What a running attempt remembers of a save; the first named device takes the lease."""
    if flags is not None:
        attempt.flags = flags
    attempt.last_saved_at = now
    if sender.device and attempt.device is None and not sender.orphan:
        attempt.device, attempt.device_since = sender.device, now
        attempt.mixed = attempt.mixed or sender.device == PAGE


def _stored(session: Session, attempt: Attempt, delivery: Delivery) -> dict[str, EventStatus]:
    """Event id -> status of those already in. Raises E-EVENT where one says something else."""
    if not delivery.events:
        return {}
    rows = session.execute(
        select(
            AnswerEvent.event_id,
            AnswerEvent.item_no,
            AnswerEvent.part_no,
            AnswerEvent.value,
            AnswerEvent.status,
        ).where(AnswerEvent.attempt_id == attempt.id, AnswerEvent.event_id.in_(delivery.ids))
    ).all()
    says = {event.event_id: event.says for event in delivery.events}
    for event_id, item, part, value, _ in rows:
        if says[event_id] != (item, part, value["answer"]):
            raise other_body()
    return {row[0]: EventStatus(row[4]) for row in rows}


def _reply(
    session: Session,
    attempt: Attempt,
    shape: Shape,
    delivery: Delivery,
    statuses: Mapping[str, EventStatus],
    now: datetime,
) -> SaveReply:
    lost = [e for e in delivery.events if statuses.get(e.event_id) is EventStatus.CONFLICT]
    standing = standing_answers(session, attempt.id) if lost else {}
    conflicts = {
        f"{event.item}-{event.part}": {
            "seq": current.seq,
            "value": shown_value(shape, (event.item, event.part), current.answer),
        }
        for event in lost
        if (current := standing.get((event.item, event.part))) is not None
    }
    return SaveReply(
        acked=tuple(delivery.ids),
        seq=attempt.last_seq,
        saved=attempt.answered,
        server_time=now,
        deadline=attempt.deadline_at,
        stands_at=attempt.paused_at,
        news=attempt.news,
        statuses={event_id: statuses[event_id].value for event_id in delivery.ids},
        conflicts=conflicts,
    )


def _page_event_id(base: int, place: Place, answer: Answer) -> str:
    """The same page sent twice is the same event."""
    digest = hashlib.sha256(canonical_json(answer).encode()).hexdigest()
    return f"page-{base}-{place[0]}-{place[1]}-{digest[:12]}"


def _differ(answer: Answer, stored: Answer | None) -> bool:
    """No answer at all and an answer taken back are the same."""
    return answer != stored and not (stored is None and is_empty(answer))
