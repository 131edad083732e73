"""From facility to the difficulty (1 to 5) a trainer gave the question: a suggestion.

The bands are the house's own: at least 90 % right is 1, 75 % 2, 55 % 3, 35 % 4, else 5. A
suggestion is made only when the whole confidence interval lies outside the band of the present
difficulty, so that chance does not keep trainers busy.
"""

from dataclasses import dataclass
from typing import Final

from .intervals import Interval, wilson
from .items import FEW_FOR_RELATIONS

# Difficulty -> least facility; listed from easy to hard.
BANDS: Final[tuple[tuple[int, float], ...]] = ((1, 0.90), (2, 0.75), (3, 0.55), (4, 0.35), (5, 0.0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What `n` people's answers say about a question rated `current`."""

    current: int
    n: int
    facility: float
    interval: Interval
    difficulty: int

    @property
    def is_suggestion(self) -> bool:
        """Is the present rating out of the question?"""
        low, high = band(self.current)
        return self.difficulty != self.current and self.interval.is_apart_from(Interval(low, high))


def estimate(current: int, total_share: float, n: int) -> Estimate | None:
    """None with too few people."""
    if n < FEW_FOR_RELATIONS:
        return None
    facility = min(total_share, n) / n
    return Estimate(current, n, facility, wilson(min(total_share, n), n), rating(facility))


def rating(facility: float) -> int:
    """The difficulty whose band the facility lies in."""
    return next(difficulty for difficulty, least in BANDS if facility >= least)


def band(difficulty: int) -> tuple[float, float]:
    """Least and greatest facility of a difficulty."""
    least = dict(BANDS)
    return least[difficulty], least.get(difficulty - 1, 1.0)
