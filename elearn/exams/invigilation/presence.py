"""What the page of a running attempt hears and tells between saves.

A poll is a read. That the page was heard of is written at most every `HEARD_EVERY`, in a
transaction of its own: ten thousand idle pages cost some three hundred small writes a second, and
answers being saved make most of those unnecessary.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, defer, joinedload

from elearn.core.errors import NotFound
from elearn.exams.timing.clock import remaining_ms
from elearn.exams.timing.queries import covers, read_ledger, target_of
from elearn.models import Attempt, AttemptPresence, AttemptState, Exam, Person

from .messages import notices_for

HEARD_EVERY: Final = timedelta(seconds=30)
# An answer that waits longer than this is worth telling the board at once.
WAITING_MS: Final = 5000
LONGEST_WAIT_MS: Final = 24 * 3600 * 1000


def polling_attempt(session: Session, *, public_id: str, person: Person) -> Attempt:
    """An own attempt without its paper. Raises NotFound."""
    attempt = session.scalar(
        select(Attempt)
        .where(Attempt.public_id == public_id, Attempt.person_id == person.id)
        .options(defer(Attempt.paper, raiseload=True), joinedload(Attempt.exam))
    )
    if attempt is None:
        raise NotFound
    return attempt


def facts(attempt: Attempt, now: datetime) -> dict[str, Any]:
    """What every reply about a running attempt carries, without a statement."""
    return {
        "state": str(attempt.state),
        "server_time": now.isoformat(),
        "deadline": attempt.deadline_at.isoformat(),
        "remaining_ms": remaining_ms(attempt, now),
        "paused": is_paused(attempt),
        "voided": attempt.voided_at is not None,
        "news": attempt.news,
    }


def news_for(session: Session, *, attempt: Attempt, person: Person) -> dict[str, Any]:
    """Messages, why the exam stands, and the leaves as the candidate sees them."""
    presence = session.get(AttemptPresence, attempt.id)
    return {
        "pause_reason": pause_reason(session, attempt=attempt, person=person),
        "messages": [
            {"id": n.public_id, "text": n.text, "at": n.at.isoformat(), "read": n.read}
            for n in notices_for(session, exam_id=attempt.exam_id, person=person)
        ],
        "leaves": {
            "count": presence.leaves if presence else 0,
            "away_ms": presence.away_ms if presence else 0,
        },
    }


def is_paused(attempt: Attempt) -> bool:
    """Does its clock stand?"""
    return attempt.paused_at is not None and attempt.state == AttemptState.IN_PROGRESS


def pause_reason(session: Session, *, attempt: Attempt, person: Person) -> str:
    """Why this attempt stands; "" when it does not."""
    if not is_paused(attempt):
        return ""
    pauses = read_ledger(session, session.get_one(Exam, attempt.exam_id)).pauses
    mine = [pause.reason for pause in pauses if covers(target_of(pause), person)]
    return mine[-1] if mine else ""


def read_oldest(raw: str | None) -> int:
    """Milliseconds the oldest unacknowledged answer has been waiting, as the page says."""
    if raw is None or not raw.isascii() or not raw.isdigit():
        return 0
    return min(int(raw[:10]), LONGEST_WAIT_MS)


def is_news(
    presence: AttemptPresence | None, *, saved_at: datetime | None, oldest_ms: int, now: datetime
) -> bool:
    """Is it time to write that the page was heard of? An answer just saved says it as well."""
    if presence is None:
        return True
    if now - max(presence.heard_at, saved_at or presence.heard_at) >= HEARD_EVERY:
        return True
    return (oldest_ms >= WAITING_MS) != (presence.oldest_ms >= WAITING_MS)


def hear(session: Session, *, attempt_id: int, oldest_ms: int, now: datetime) -> None:
    """Write it; two pages at once are both right."""
    values: dict[str, Any] = {"heard_at": now, "oldest_ms": oldest_ms}
    ours = update(AttemptPresence).where(AttemptPresence.attempt_id == attempt_id).values(**values)
    if session.execute(ours).rowcount:  # type: ignore[attr-defined]  # a CursorResult
        return
    try:
        with session.begin_nested():
            session.add(AttemptPresence(attempt_id=attempt_id, **values))
    except IntegrityError:
        session.execute(ours)
