"""Hours, days, months: each counted on its own, one is enough; and making up after a promotion."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.credit.measures import (
    CatchUp,
    Demand,
    Stated,
    catch_up,
    catch_up_by,
    is_met,
    measures,
    window_start,
)
from elearn.core.credit.rules import yearly_target

TOWNSHIP = Demand(9000, 1, days_centi=1200)
COUNTY = Demand(55000, 5, months_centi=300)
stated = st.builds(Stated, st.integers(0, 100_000), st.integers(0, 10_000), st.integers(0, 2_000))
demands = st.sampled_from([TOWNSHIP, COUNTY])
days = st.dates(date(2000, 1, 1), date(2090, 1, 1))


def test_the_demands_of_the_ranks_are_those_of_the_rule() -> None:
    assert yearly_target("一级科员").demand == TOWNSHIP  # TR-02
    assert yearly_target("县处级副职").demand == COUNTY  # TR-01
    assert yearly_target(None).demand is None


@pytest.mark.parametrize(
    ("demand", "done", "met"),
    [
        (TOWNSHIP, Stated(9000), True),
        (TOWNSHIP, Stated(8999, 1199), False),
        (TOWNSHIP, Stated(0, 1200), True),
        (TOWNSHIP, Stated(0, 0, 1200), False),  # months are no measure of the yearly duty
        (COUNTY, Stated(0, 20_000), False),  # nor days of the five years': nothing is converted
        (COUNTY, Stated(0, 0, 300), True),
        (COUNTY, Stated(54_999, 0, 299), False),
        (COUNTY, Stated(55_000), True),
    ],
)
def test_either_measure_alone_is_enough(
    demand: Demand,
    done: Stated,
    met: bool,  # noqa: FBT001  a parameter
) -> None:
    assert is_met(demand, done) is met


@given(demands, stated, stated)
def test_more_training_never_unmeets(demand: Demand, one: Stated, more: Stated) -> None:
    if is_met(demand, one):
        assert is_met(demand, one + more)
    assert is_met(demand, one) == any(each.reached for each in measures(demand, one))


@given(demands, days, stated, stated, st.integers(0, 1000))
def test_who_had_met_it_has_nothing_to_make_up(
    demand: Demand, promoted: date, before: Stated, since: Stated, later: int
) -> None:
    today = date.fromordinal(promoted.toordinal() + later)
    found = catch_up(demand, promoted_on=promoted, before=before, since=since, today=today)
    assert (found is CatchUp.NONE) == is_met(demand, before)
    if found is CatchUp.DUE:
        assert today <= catch_up_by(promoted)
    if found is CatchUp.LATE:
        assert today > catch_up_by(promoted)
    if found in {CatchUp.DUE, CatchUp.LATE}:
        assert not is_met(demand, before + since)


@pytest.mark.parametrize(
    ("today", "since", "found"),
    [
        (date(2026, 6, 1), Stated(), CatchUp.DUE),
        (date(2027, 3, 10), Stated(8000), CatchUp.DUE),
        (date(2027, 3, 11), Stated(8000), CatchUp.LATE),
        (date(2027, 3, 11), Stated(8500), CatchUp.DONE),
    ],
)
def test_the_year_ends_on_the_day(today: date, since: Stated, found: CatchUp) -> None:
    promoted, before = date(2026, 3, 10), Stated(500)
    assert catch_up(TOWNSHIP, promoted_on=promoted, before=before, since=since, today=today) is (
        found
    )


def test_days_that_a_year_does_not_have() -> None:
    assert catch_up_by(date(2028, 2, 29)) == date(2029, 2, 28)
    assert window_start(date(2028, 2, 29), 5) == date(2023, 2, 28)
    assert window_start(date(2026, 3, 10), 1) == date(2025, 3, 10)
