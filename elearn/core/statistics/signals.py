"""Signs that an item is not what it was: drift, or a leak. For a person to look at, no verdict.

An item is compared with its own past. What all items have in common (a stronger year) is taken
off first: `common_shift` is the median change. A jump counts when Newcombe's interval of the
difference leaves out 0 and the change, shrunk towards 0 by n / (n + 20) where n is the harmonic
size of both samples, is still at least ten points (empirical-Bayes in spirit: few people move
nothing).
"""

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .intervals import difference
from .items import FEW, FEW_FOR_RELATIONS

SHRINK: Final = 20.0
JUMP: Final = 0.10
COLLAPSE: Final = 0.5
SHIFTED: Final = 0.35


class Signal(StrEnum):
    """LEAK is EASIER and FASTER together."""

    LEAK = "LEAK"
    EASIER = "EASIER"
    HARDER = "HARDER"
    FASTER = "FASTER"
    OTHER_WRONG = "OTHER_WRONG"


@dataclass(frozen=True, slots=True)
class Record:
    """An item in one exam, or pooled over several. `wrong`: option -> how often it was the
    wrong choice; `median_s` of `n_times` people, None where unknown."""

    n: int
    total_share: float
    median_s: float | None = None
    n_times: int = 0
    wrong: tuple[tuple[int, int], ...] = ()

    @property
    def facility(self) -> float:
        """Mean share."""
        return self.total_share / self.n


def pool(records: Iterable[Record]) -> Record | None:
    """Several exams as one; the time is the median of the exams' medians, by people."""
    found = [record for record in records if record.n]
    if not found:
        return None
    times = [record for record in found if record.median_s is not None]
    wrong: dict[int, int] = {}
    for record in found:
        for option, count in record.wrong:
            wrong[option] = wrong.get(option, 0) + count
    return Record(
        n=sum(record.n for record in found),
        total_share=sum(record.total_share for record in found),
        median_s=_weighted_median([(r.median_s or 0.0, r.n_times) for r in times]),
        n_times=sum(record.n_times for record in times),
        wrong=tuple(sorted(wrong.items())),
    )


def common_shift(now: Mapping[str, Record], past: Mapping[str, Record]) -> float:
    """Median change of facility over the items of both; 0 without any."""
    changes = [
        now[item].facility - past[item].facility
        for item in now.keys() & past.keys()
        if min(now[item].n, past[item].n) >= FEW
    ]
    return statistics.median(changes) if changes else 0.0


def signals(now: Record, past: Record, shift: float = 0.0) -> frozenset[Signal]:
    """What changed beyond chance."""
    found: set[Signal] = set()
    if min(now.n, past.n) >= FEW:
        span = difference(now.total_share, now.n, past.total_share, past.n)
        change = shrunk_change(now, past, shift)
        if span.low - shift > 0 and change >= JUMP:
            found.add(Signal.EASIER)
        if span.high - shift < 0 and change <= -JUMP:
            found.add(Signal.HARDER)
    if _collapsed(now, past):
        found.add(Signal.FASTER)
    if _other_wrong(now, past):
        found.add(Signal.OTHER_WRONG)
    if {Signal.EASIER, Signal.FASTER} <= found:
        found.add(Signal.LEAK)
    return frozenset(found)


def shrunk_change(now: Record, past: Record, shift: float = 0.0) -> float:
    """Change of facility beyond `shift`, drawn towards 0 the fewer people there were."""
    n = 1 / (1 / now.n + 1 / past.n)
    return (now.facility - past.facility - shift) * n / (n + SHRINK)


def _collapsed(now: Record, past: Record) -> bool:
    if now.median_s is None or past.median_s is None or min(now.n_times, past.n_times) < FEW:
        return False
    return now.median_s < COLLAPSE * past.median_s


def _other_wrong(now: Record, past: Record) -> bool:
    """Total variation distance between how wrong answers were spread then and now."""
    then, today = dict(past.wrong), dict(now.wrong)
    n_then, n_today = sum(then.values()), sum(today.values())
    if min(n_then, n_today) < FEW_FOR_RELATIONS:
        return False
    distance = sum(
        abs(then.get(option, 0) / n_then - today.get(option, 0) / n_today)
        for option in then.keys() | today.keys()
    )
    return distance / 2 > SHIFTED


def _weighted_median(values: list[tuple[float, int]]) -> float | None:
    half = sum(weight for _, weight in values) / 2
    seen = 0
    for value, weight in sorted(values):
        seen += weight
        if seen >= half:
            return value
    return None
