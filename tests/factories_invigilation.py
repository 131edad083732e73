"""One of each thing that happens around a running attempt."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from elearn.models import (
    Accommodation,
    AccommodationReason,
    Attempt,
    Exam,
    ExamMessage,
    LeaveKind,
    PageLeave,
    Person,
    TimeChange,
    TimeKind,
)


def make_invigilation(
    session: Session, exam: Exam, attempt: Attempt, *, by: Person, now: datetime
) -> dict[str, Any]:
    """A pending extension, a message, a page leave and an accommodation waiting for approval;
    their ids as the routes name them."""
    change = TimeChange(
        exam_id=exam.id,
        kind=TimeKind.EXTEND,
        seconds=1200,
        needs_approval=True,
        reason="停电",
        by_id=by.id,
        at=now,
    )
    message = ExamMessage(exam_id=exam.id, text="请安静", by_id=by.id, at=now)
    leave = PageLeave(
        attempt_id=attempt.id,
        leave_id="leave-0001",
        kind=LeaveKind.LEAVE,
        began_at=now,
        duration_ms=6000,
        received_at=now,
    )
    accommodation = Accommodation(
        person_id=attempt.person_id,
        reason=AccommodationReason.AGE,
        minutes=15,
        document="1 号",
        valid_from=now,
        valid_until=now + timedelta(days=1),
        requested_by_id=by.id,
        requested_at=now,
    )
    session.add_all([change, message, leave, accommodation])
    session.flush()
    return {
        "change_id": change.public_id,
        "message_id": message.public_id,
        "leave_id": leave.id,
        "accommodation": accommodation.public_id,
    }
