"""How far a score can be trusted: reliability and standard error of measurement.

Everybody had the same items: Cronbach's alpha (Cronbach 1951), persons crossed with items,

    alpha = k / (k - 1) * (1 - sum of item variances / variance of totals).

Everybody had items of their own: persons x items makes no table, items are nested in persons. The
generalizability coefficient of that i:p design, stratified by section (Brennan 2001,
Generalizability Theory, 1.2.2 and 5.4; with one section and right-or-wrong items it is KR-21,
Kuder & Richardson 1937),

    phi = 1 - SEM^2 / variance of totals,   SEM^2 = mean over persons of error variance.

It counts luck of the draw as error, as it must when pass marks are the same for all papers. An
item pool that is not much larger than a paper makes it a little too low, never too high.
"""

import math
import statistics
from dataclasses import dataclass
from enum import StrEnum

from .items import FEW_FOR_RELATIONS
from .responses import Responses


class Design(StrEnum):
    """What the coefficient is."""

    FIXED = "FIXED"  # same items for all: alpha
    RANDOM = "RANDOM"  # items nested in persons: phi


@dataclass(frozen=True, slots=True)
class Reliability:
    """`sem_centi`: standard error of a total, in hundredths of a point. `coefficient` may be
    below 0: the scores then tell people apart no better than chance."""

    design: Design
    coefficient: float
    sem_centi: float


def reliability(responses: Responses) -> Reliability | None:
    """None with too few people, or when all totals are equal."""
    if responses.people < FEW_FOR_RELATIONS:
        return None
    spread = statistics.variance(responses.total)
    if spread <= 1e-9:
        return None
    if len(responses.sets) == 1 and len(responses.columns) > 1:
        coefficient = _alpha(responses, spread)
        return Reliability(
            Design.FIXED, coefficient, math.sqrt(max(0.0, spread * (1 - coefficient)))
        )
    error = math.fsum(responses.error) / responses.people
    return Reliability(Design.RANDOM, 1 - error / spread, math.sqrt(error))


def _alpha(responses: Responses, spread: float) -> float:
    k = len(responses.columns)
    parts = (
        statistics.variance(
            [share * worth for share, worth in zip(column.share, column.weight, strict=True)]
        )
        for column in responses.columns.values()
    )
    return k / (k - 1) * (1 - math.fsum(parts) / spread)
