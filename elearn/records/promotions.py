"""提任后补训 (facts TR-03): who was promoted before the training was done, and has to make it up.

What counts as done before: the demand's years back from the promotion (decision 0021).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager

from elearn.accounts.queries import within
from elearn.config import DISPLAY_ZONE
from elearn.core.credit.measures import (
    CatchUp,
    Demand,
    Measure,
    Stated,
    catch_up,
    catch_up_by,
    measures,
    window_start,
)
from elearn.core.credit.rules import yearly_target
from elearn.models import HoursBucket, Person, TrainingRecord

from .queries import is_current, stated_of

#: A promotion this long ago is looked at; older ones are the business of the personnel file.
LOOK_BACK: Final = timedelta(days=3 * 366)
CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class MakingUp:
    """`done`: every measure, from the demand's years before the promotion up to today."""

    person: Person
    promoted_on: date
    state: CatchUp
    by: date
    done: tuple[Measure, ...]

    @property
    def open(self) -> bool:
        """Still to be done."""
        return self.state in {CatchUp.DUE, CatchUp.LATE}


def making_up(session: Session, people: Sequence[Person], *, today: date) -> list[MakingUp]:
    """Those who had, or have, something to make up; in the order given, a statement per `CHUNK`."""
    asked = [
        (person, person.promoted_on, demand)
        for person in people
        if person.promoted_on is not None
        and today - LOOK_BACK <= person.promoted_on <= today
        and (demand := yearly_target(person.rank or None).demand) is not None
    ]
    classes: dict[int, list[tuple[date, Stated]]] = {}
    for at in range(0, len(asked), CHUNK):
        classes |= _classes(session, [person.id for person, _, _ in asked[at : at + CHUNK]])
    found = [
        _standing(person, promoted, demand, classes.get(person.id, []), today)
        for person, promoted, demand in asked
    ]
    return [each for each in found if each.state is not CatchUp.NONE]


def promoted_query(roots: Collection[str], today: date) -> Select[Person]:
    """People in use of these subtrees who were promoted lately, the longest ago first."""
    return (
        select(Person)
        .join(Person.org_unit)
        .where(
            Person.active,
            within(list(roots)),
            Person.promoted_on.between(today - LOOK_BACK, today),
        )
        .options(contains_eager(Person.org_unit))
        .order_by(Person.promoted_on, Person.id)
    )


def _standing(
    person: Person,
    promoted: date,
    demand: Demand,
    classes: Sequence[tuple[date, Stated]],
    today: date,
) -> MakingUp:
    start = window_start(promoted, demand.years)
    before = _sum(stated for day, stated in classes if start < day <= promoted)
    since = _sum(stated for day, stated in classes if promoted < day <= today)
    state = catch_up(demand, promoted_on=promoted, before=before, since=since, today=today)
    return MakingUp(
        person, promoted, state, catch_up_by(promoted), measures(demand, before + since)
    )


def _sum(parts: Iterable[Stated]) -> Stated:
    total = Stated()
    for part in parts:
        total += part
    return total


def _classes(session: Session, person_ids: Sequence[int]) -> dict[int, list[tuple[date, Stated]]]:
    """Person -> the day each class ended and what it states."""
    rows = session.execute(
        select(
            TrainingRecord.person_id,
            TrainingRecord.finished_at,
            TrainingRecord.hours_centi,
            TrainingRecord.evidence,
        ).where(
            TrainingRecord.person_id.in_(person_ids),
            TrainingRecord.hours_bucket == HoursBucket.CONCENTRATED,
            is_current(),
        )
    )
    found: dict[int, list[tuple[date, Stated]]] = {}
    for person_id, at, hours, evidence in rows:
        found.setdefault(person_id, []).append(
            (at.astimezone(DISPLAY_ZONE).date(), stated_of(hours, evidence))
        )
    return found
