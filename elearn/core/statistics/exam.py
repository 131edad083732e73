"""Statistics of a whole exam: distribution, pass rate, reliability."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .intervals import Interval, wilson
from .items import FEW
from .reliability import Reliability, reliability
from .responses import Responses

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Score:
    """One final result, in hundredths of a point."""

    centi: int
    full_centi: int
    passed: bool


@dataclass(frozen=True, slots=True)
class ExamStatistics:
    """Scores in hundredths of a point. `bins[i]` counts scores of 10 i up to 10 (i + 1) per cent,
    full marks in the last. Below FEW people only `n` and `passed` are known."""

    n: int
    passed: int
    pass_interval: Interval | None
    mean: float | None
    deviation: float | None
    median: float | None
    bins: tuple[int, ...]
    reliability: Reliability | None


def exam_statistics(scores: Sequence[Score], responses: Responses) -> ExamStatistics:
    """`responses` are of the same people."""
    n, passed = len(scores), sum(score.passed for score in scores)
    if n < FEW:
        return ExamStatistics(n, passed, None, None, None, None, (), None)
    points = [score.centi for score in scores]
    bins = [0] * BINS
    for score in scores:
        at = BINS * score.centi // score.full_centi if score.full_centi else 0
        bins[min(BINS - 1, at)] += 1
    return ExamStatistics(
        n=n,
        passed=passed,
        pass_interval=wilson(passed, n),
        mean=statistics.fmean(points),
        deviation=statistics.stdev(points),
        median=statistics.median(points),
        bins=tuple(bins),
        reliability=reliability(responses),
    )
