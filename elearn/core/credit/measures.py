"""The measures of concentrated training (facts TR-01, TR-02): hours or months, hours or days.

Either measure alone meets the demand. No conversion between hours, days and months is published
(facts §1.2), so each is counted as the class's papers state it, and nothing is converted.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Stated:
    """What classes state of themselves, in hundredths."""

    hours_centi: int = 0
    days_centi: int = 0
    months_centi: int = 0

    def __add__(self, other: "Stated") -> "Stated":
        return Stated(
            self.hours_centi + other.hours_centi,
            self.days_centi + other.days_centi,
            self.months_centi + other.months_centi,
        )


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked over `years`, in hundredths; None: that measure is no alternative."""

    hours_centi: int
    years: int
    days_centi: int | None = None
    months_centi: int | None = None


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure against what is asked of it; `unit` is 学时, 天 or 个月."""

    unit: str
    done_centi: int
    target_centi: int

    @property
    def reached(self) -> bool:
        """All of it."""
        return self.done_centi >= self.target_centi


def measures(demand: Demand, done: Stated) -> tuple[Measure, ...]:
    """Every measure of the demand, hours first."""
    found = [Measure("学时", done.hours_centi, demand.hours_centi)]
    if demand.days_centi is not None:
        found.append(Measure("天", done.days_centi, demand.days_centi))
    if demand.months_centi is not None:
        found.append(Measure("个月", done.months_centi, demand.months_centi))
    return tuple(found)


def is_met(demand: Demand, done: Stated) -> bool:
    """One measure is enough."""
    return any(measure.reached for measure in measures(demand, done))


class CatchUp(StrEnum):
    """提任后补训 (TR-03): not met before a promotion, to be made up within a year of it."""

    NONE = "NONE"  # nothing to make up
    DONE = "DONE"  # made up
    DUE = "DUE"  # still to do, in time
    LATE = "LATE"  # the year is over


def catch_up_by(promoted_on: date) -> date:
    """The last day of the year after the promotion."""
    return _years_from(promoted_on, 1)


def window_start(promoted_on: date, years: int) -> date:
    """Training since this day counts as done before the promotion: `years` back from it."""
    return _years_from(promoted_on, -years)


def catch_up(
    demand: Demand, *, promoted_on: date, before: Stated, since: Stated, today: date
) -> CatchUp:
    """Where somebody promoted on a day stands.

    `before`: in the demand's years up to the promotion; `since`: after it, up to today.
    """
    if is_met(demand, before):
        return CatchUp.NONE
    if is_met(demand, before + since):
        return CatchUp.DONE
    return CatchUp.LATE if today > catch_up_by(promoted_on) else CatchUp.DUE


def _years_from(day: date, years: int) -> date:
    """The same day of another year; 28 February for 29 where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
