"""What an answer event is worth: pure rules (docs/decisions/0005).

Two questions, in this order. Was it made and delivered in time? Does it know the answer it would
replace? Nothing is thrown away: what does not count is kept with the reason in its status.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from elearn.core.grading.answers import Answer
from elearn.core.grading.grade import Place
from elearn.exams.grades.policy import GRACE, LATE_SYNC
from elearn.models import AttemptState, ClosedBy, EventStatus

from .events import AnswerEventIn

#: The form of the page without scripts: its `base` is what the page showed, always.
PAGE: Final = "page"


@dataclass(frozen=True, slots=True)
class Clockwork:
    """An attempt as far as time goes. `held_until` None: held events are taken without end.
    `settled`: its late answers have been counted, whatever the clock says now. `stands_at`: the
    clock of the attempt is paused since then.
    """

    state: AttemptState
    closed_by: ClosedBy | None
    started_at: datetime
    deadline_at: datetime
    held_until: datetime | None
    settled: bool = False
    stands_at: datetime | None = None

    def at(self, now: datetime) -> datetime:
        """What time it is for this attempt."""
        return self.stands_at or now


@dataclass(frozen=True, slots=True)
class Current:
    """The answer that stands for a part, and the event that brought it."""

    seq: int
    device: str
    device_no: int
    answer: Answer


def running(time: Clockwork, now: datetime) -> bool:
    """Is the attempt open for answers on their way?"""
    return time.state == AttemptState.IN_PROGRESS and time.at(now) <= time.deadline_at + GRACE


def timing(
    time: Clockwork, *, now: datetime, made_ms: int | None, orphan: bool
) -> EventStatus | None:
    """COUNTED, LATE or HELD by the clock alone; None when nothing is taken any more.

    `made_ms` is a claim, believed only inside the late-sync window and only if it can be true.
    """
    held = None if time.held_until is not None and now > time.held_until else EventStatus.HELD
    if time.state == AttemptState.SUBMITTED and time.closed_by != ClosedBy.DEADLINE:
        return held if orphan else None
    after = made_ms is not None and made_ms <= 0
    if running(time, now):
        return held if after and time.at(now) > time.deadline_at else EventStatus.COUNTED
    open_still = now <= time.deadline_at + LATE_SYNC and not time.settled
    if open_still and made_ms is not None and not after:
        allowed = time.deadline_at - time.started_at
        if timedelta(milliseconds=made_ms) <= allowed:
            return EventStatus.LATE
    return held


def collides(event: AnswerEventIn, standing: Mapping[Place, Current], device: str) -> bool:
    """Would this event replace an answer its device has not seen?

    Events of one device never collide with each other, except that one it made earlier (by its
    own count) does not replace a later one that was delivered first.
    """
    current = standing.get((event.item, event.part))
    if current is None or current.answer == event.answer:
        return False
    if device == current.device and device != PAGE:
        return 0 < event.number < current.device_no
    return event.base < current.seq
