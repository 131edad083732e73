"""Item statistics: facility, corrected discrimination, distractors by thirds, time.

Discrimination is the correlation of an item with the *rest* of the paper (Henrysson 1963,
"Correction of item-total correlations in item analysis"; `r.drop` of R psych). When everybody has
another paper, raw rest scores are not comparable: somebody with harder items looks weaker. So the
rest is made of deviations: for each other item, how much better the person did than the others who
had that item,

    e_pj = x_pj - mean of x_qj over everybody else q who had j
    rest_pi = sum over j != i of w_pj e_pj / sum over j != i of w_pj

On a fixed paper this is a linear function of the plain rest score, so the correlation is exactly
the classical one (the tests hold it to published figures). Items seen by one person alone carry no
comparison and are left out of the rest.
"""

# array is generic only for type checkers before Python 3.12.
from __future__ import annotations

import math
import statistics
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from .intervals import Interval, correlation_interval, wilson
from .responses import NOT_CHOSEN, Responses

# Below these numbers a page says 「样本太少」: one careless person would move the figure, and
# somebody who knows the room could tell who it was.
FEW: Final = 10
FEW_FOR_RELATIONS: Final = 30
THIRDS: Final = 3


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds, of those `n` people of whom they are known."""

    n: int
    median: float
    low_quartile: float
    high_quartile: float


@dataclass(frozen=True, slots=True)
class PartChoices:
    """Who chose what in one choice part, by third of the rest score, weakest third first.

    `sizes` are the people of each third, `chosen[option]` how many of them chose it,
    `empty` how many chose nothing. A multiple choice adds up to more than its people.
    """

    sizes: tuple[int, int, int]
    chosen: dict[int, tuple[int, int, int]]
    empty: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """`n` people met the item. What cannot be said with so few is None (see FEW)."""

    item: str
    n: int
    total_share: float
    facility: float
    interval: Interval
    discrimination: float | None
    discrimination_interval: Interval | None
    times: Times | None
    parts: tuple[PartChoices, ...]


def item_statistics(responses: Responses) -> list[ItemStatistics]:
    """Every item, by its name."""
    surplus, weight = _surpluses(responses)
    return [_item(responses, name, surplus, weight) for name in sorted(responses.columns)]


def _surpluses(responses: Responses) -> tuple[array[float], array[float]]:
    """Per person: sum of w e, and sum of w, over items that at least one other person had."""
    surplus = array("d", bytes(8 * responses.people))
    weight = array("d", bytes(8 * responses.people))
    for column in responses.columns.values():
        if column.n < 2:
            continue
        mean, scale = column.mean, column.n / (column.n - 1)
        for person, share, worth in zip(column.person, column.share, column.weight, strict=True):
            surplus[person] += worth * (share - mean) * scale
            weight[person] += worth
    return surplus, weight


def _item(
    responses: Responses, name: str, surplus: Sequence[float], weight: Sequence[float]
) -> ItemStatistics:
    column = responses.columns[name]
    n, mean = column.n, column.mean
    rest = array("d")
    for person, share, worth in zip(column.person, column.share, column.weight, strict=True):
        own = worth * (share - mean) * n / (n - 1) if n > 1 else 0.0
        left = weight[person] - (worth if n > 1 else 0)
        rest.append((surplus[person] - own) / left if left > 0 else 0.0)
    r = correlation(column.share, rest) if n >= FEW_FOR_RELATIONS else None
    total = sum(column.share)
    return ItemStatistics(
        item=name,
        n=n,
        total_share=total,
        facility=mean,
        interval=wilson(min(total, n), n),
        discrimination=r,
        discrimination_interval=None if r is None else correlation_interval(r, n),
        times=_times([seconds for seconds in column.seconds if seconds >= 0]),
        parts=tuple(_choices(values, rest) for values in column.choices)
        if n >= FEW_FOR_RELATIONS
        else (),
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's r; None when one side does not vary (beyond rounding)."""
    n = len(first)
    if n < 2:
        return None
    mean_1, mean_2 = math.fsum(first) / n, math.fsum(second) / n
    v1 = math.fsum((a - mean_1) ** 2 for a in first)
    v2 = math.fsum((b - mean_2) ** 2 for b in second)
    if v1 <= 1e-12 * n or v2 <= 1e-12 * n:
        return None
    c = math.fsum((a - mean_1) * (b - mean_2) for a, b in zip(first, second, strict=True))
    return max(-1.0, min(1.0, c / math.sqrt(v1 * v2)))


def _times(seconds: Iterable[float]) -> Times | None:
    known = sorted(seconds)
    if len(known) < FEW:
        return None
    low, middle, high = statistics.quantiles(known, n=4, method="inclusive")
    return Times(len(known), middle, low, high)


def _choices(values: Sequence[int], rest: Sequence[float]) -> PartChoices:
    order = sorted(range(len(values)), key=lambda at: rest[at])
    sizes, empty = [0] * THIRDS, [0] * THIRDS
    chosen: dict[int, list[int]] = {}
    for rank, at in enumerate(order):
        third = rank * THIRDS // len(order)
        sizes[third] += 1
        if values[at] in {NOT_CHOSEN, 0}:
            empty[third] += 1
            continue
        for option in range(values[at].bit_length()):
            if values[at] >> option & 1:
                chosen.setdefault(option, [0] * THIRDS)[third] += 1
    return PartChoices(
        _three(sizes), {option: _three(chosen[option]) for option in sorted(chosen)}, _three(empty)
    )


def _three(numbers: Sequence[int]) -> tuple[int, int, int]:
    low, middle, high = numbers
    return low, middle, high
