"""Writing notices, inside the transaction of what they tell of."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from elearn.models import Attempt, ExamNotice

MAX_TEXT: Final = 300


def tell_person(
    session: Session,
    *,
    person_id: int,
    exam_id: int,
    text: str,
    now: datetime,
    attempt: Attempt | None = None,
) -> ExamNotice:
    """`text` must not say a score: what may be seen is decided on the page it leads to."""
    notice = ExamNotice(
        person_id=person_id,
        exam_id=exam_id,
        attempt_id=attempt.id if attempt else None,
        text=text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…",
        created_at=now,
    )
    session.add(notice)
    session.flush()
    return notice


def put_away(session: Session, *, notice: ExamNotice, now: datetime) -> None:
    """Read. A second tap changes nothing."""
    if notice.read_at is None:
        notice.read_at = now
        session.flush()
