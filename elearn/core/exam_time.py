"""How long somebody may answer: the arithmetic of deadlines, extra time and extensions.

All amounts are whole seconds. Paused time is not here: it moves deadlines, it adds no allowance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

# What one examiner may add to anybody's time alone (EXM-13); more needs a second person.
ALONE_S: Final = 600


@dataclass(frozen=True, slots=True)
class Allowance:
    """`whole_s`: added for everybody, moves the window's end as well. `extra_s`: by accommodation.
    `granted_s`: by extensions for this person or room."""

    duration_s: int
    whole_s: int = 0
    extra_s: int = 0
    granted_s: int = 0

    @property
    def total_s(self) -> int:
        """The answering time of somebody who starts early enough."""
        return self.duration_s + self.whole_s + self.extra_s + self.granted_s

    def deadline(self, started_at: datetime, closes_at: datetime) -> datetime:
        """EXM-12: min(start + allowed, window end) + per-person extra.

        `closes_at` is the window's end with `whole_s` already in it.
        """
        common = min(started_at + timedelta(seconds=self.duration_s + self.whole_s), closes_at)
        return common + timedelta(seconds=self.extra_s + self.granted_s)


def extra_seconds(duration_s: int, amounts: Iterable[tuple[int | None, int | None]]) -> int:
    """Extra time from (percent, minutes) pairs, of which one of each is given: the largest counts,
    they do not add up. Percent is of the exam's duration, rounded up to the second."""
    found = [0]
    for percent, minutes in amounts:
        found.append(
            minutes * 60 if minutes is not None else -(-duration_s * (percent or 0) // 100)
        )
    return max(found)


def needs_second_person(earlier_alone_s: int, seconds: int) -> bool:
    """Does adding `seconds` need a second person, when the same people already got
    `earlier_alone_s` by one person's word? Small steps count together."""
    return earlier_alone_s + seconds > ALONE_S
