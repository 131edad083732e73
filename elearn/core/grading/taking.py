"""Which of several tries at one exam stands as the result (取最高). Pure; nothing is rewritten:
the result is derived from the grades that count now, so a correction of any try flows through."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Try:
    """One settled, final, not annulled attempt: the `no`th, with the grade that counts."""

    no: int
    score_centi: int
    full_centi: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The try that stands, out of `of`; `band` its 等第, "" = none."""

    best: Try
    of: int
    band: str = ""

    @property
    def words(self) -> str:
        """`3 次中最高，第 2 次`; "" when there was nothing to choose from."""
        return f"{self.of} 次中最高，第 {self.best.no} 次" if self.of > 1 else ""


def take_best(tries: Iterable[Try]) -> Taken | None:
    """The try that stands; None without any.

    A pass goes before a fail whatever the score (a section minimum can fail the higher one), then
    the higher score, then the earlier try.
    """
    counted = list(tries)
    if not counted:
        return None
    best = max(counted, key=lambda each: (each.passed, each.score_centi, -each.no))
    return Taken(best, len(counted))
