"""The clock of one attempt: it stands while the attempt is paused.

Whoever compares a time with `attempt.deadline_at` compares `exam_time`, not the wall clock.
"""

from datetime import datetime, timedelta

from elearn.models import Attempt, Exam


def exam_time(attempt: Attempt, now: datetime) -> datetime:
    """`now` for this attempt."""
    return attempt.paused_at or now


def remaining_ms(attempt: Attempt, now: datetime) -> int:
    """Milliseconds left, 0 after the deadline."""
    left = attempt.deadline_at - exam_time(attempt, now)
    return max(0, left // timedelta(milliseconds=1))


def window_time(exam: Exam, now: datetime) -> datetime:
    """`now` for the exam's window: it stands while the whole exam is paused."""
    return exam.paused_at or now


def ends_at(exam: Exam) -> datetime:
    """When the last candidate must be done: the window's end, or a later deadline given out."""
    return max(exam.closes_at, exam.last_deadline_at or exam.closes_at)
