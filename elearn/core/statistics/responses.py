"""What the statistics are made from: who answered which item with what success.

Kept in columns of plain numbers, so that 10,000 papers of 80 items fit into some 40 MB. People are
numbers here, in the order they were added; nothing says who they are.
"""

# array is generic only for type checkers before Python 3.12.
from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

UNKNOWN: Final = -1.0
NOT_CHOSEN: Final = -1  # a choice part without an answer; 0 and up are sets of options as bits


@dataclass(frozen=True, slots=True)
class Response:
    """One item as one person met it.

    `share` of its points got, 0 to 1; `weight` is what the item was worth (hundredths);
    `stratum` the section of the paper it stood in; `choices` has, per choice part, the set bits of
    the options chosen (original numbering) or NOT_CHOSEN; `seconds` is None where unknown.
    """

    item: str
    share: float
    weight: int
    stratum: str = ""
    choices: tuple[int, ...] = ()
    seconds: float | None = None


@dataclass(slots=True)
class Column:
    """All answers to one item; the arrays run side by side."""

    person: array[int] = field(default_factory=lambda: array("l"))
    share: array[float] = field(default_factory=lambda: array("d"))
    weight: array[int] = field(default_factory=lambda: array("l"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    choices: list[array[int]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many people had the item."""
        return len(self.person)

    @property
    def mean(self) -> float:
        """Facility: the mean share."""
        return sum(self.share) / len(self.share)


@dataclass(slots=True)
class Responses:
    """Everybody's answers. `error` is each person's own estimate of the error variance of the
    total (see `reliability`), `sets` counts how often which set of items was a paper."""

    columns: dict[str, Column] = field(default_factory=dict)
    total: array[float] = field(default_factory=lambda: array("d"))
    full: array[float] = field(default_factory=lambda: array("d"))
    error: array[float] = field(default_factory=lambda: array("d"))
    sets: set[frozenset[str]] = field(default_factory=set)

    @property
    def people(self) -> int:
        """How many papers."""
        return len(self.total)

    def add(self, responses: Iterable[Response]) -> None:
        """One person's paper."""
        paper = tuple(responses)
        number = len(self.total)
        for one in paper:
            column = self.columns.setdefault(one.item, Column())
            column.person.append(number)
            column.share.append(one.share)
            column.weight.append(one.weight)
            column.seconds.append(UNKNOWN if one.seconds is None else one.seconds)
            while len(column.choices) < len(one.choices):
                # An item whose part was void for those before: they chose nothing here.
                column.choices.append(array("q", [NOT_CHOSEN] * number_before(column)))
            for part, values in enumerate(column.choices):
                values.append(one.choices[part] if part < len(one.choices) else NOT_CHOSEN)
        self.total.append(sum(one.share * one.weight for one in paper))
        self.full.append(sum(one.weight for one in paper))
        self.error.append(error_variance(paper))
        if len(self.sets) < 2:  # more than one is all that is asked
            self.sets.add(frozenset(one.item for one in paper))


def number_before(column: Column) -> int:
    """Answers in the column before the one being added."""
    return len(column.person) - 1


def error_variance(paper: Iterable[Response]) -> float:
    """One person's error variance of the total score, in (hundredths of a point) squared.

    Items are a random sample from each section's universe, drawn anew for each person. The
    variance of a sum of n such scores is n times their variance, estimated by the sample variance
    within the person and the section (Lord 1957, "Do tests of the same length have the same
    standard error of measurement?"; Brennan 2001, Generalizability Theory, 5.4, stratified).
    Sections with one item are taken together; a single one of them alone says nothing and goes
    with everything else.
    """
    strata: dict[str, list[float]] = {}
    for one in paper:
        strata.setdefault(one.stratum, []).append(one.share * one.weight)
    alone = [scores[0] for scores in strata.values() if len(scores) == 1]
    groups = [scores for scores in strata.values() if len(scores) > 1]
    if len(alone) == 1 and groups:
        groups = [[score for scores in (*groups, alone) for score in scores]]
    elif alone:
        groups.append(alone)
    return sum(len(scores) * _variance(scores) for scores in groups if len(scores) > 1)


def _variance(scores: list[float]) -> float:
    mean = sum(scores) / len(scores)
    return sum((score - mean) ** 2 for score in scores) / (len(scores) - 1)
