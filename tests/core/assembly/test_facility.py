"""From answers to the facility a paper is balanced with."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.constraints import Balance
from elearn.core.assembly.draw import plan_draw
from elearn.core.assembly.facility import (
    ENOUGH,
    PRIOR_PEOPLE,
    PRIOR_PERMILLE,
    facility_from_answers,
)
from elearn.core.errors import Infeasible
from tests.core.assembly.samples import make_blueprint, make_item, make_section

LEVELS = st.integers(1, 5)
PEOPLE = st.integers(ENOUGH, 20_000)


@given(LEVELS, st.integers(0, ENOUGH - 1), st.floats(0, 1))
def test_too_few_answers_say_nothing(level: int, n: int, share: float) -> None:
    assert facility_from_answers(level, share * n, n) is None


@given(LEVELS, PEOPLE, st.floats(0, 1))
def test_the_estimate_lies_between_prior_and_answers(level: int, n: int, share: float) -> None:
    found = facility_from_answers(level, share * n, n)
    assert found is not None
    low, high = sorted((PRIOR_PERMILLE[level], share * 1000))
    assert low - 0.5 <= found <= high + 0.5
    # never further from the answers than the prior's twenty people can pull
    pull = abs(PRIOR_PERMILLE[level] - share * 1000) * PRIOR_PEOPLE / (n + PRIOR_PEOPLE)
    assert abs(found - share * 1000) <= pull + 0.5001


@given(LEVELS, PEOPLE, st.floats(0, 1), st.floats(0, 1))
def test_more_right_answers_never_make_it_harder(
    level: int, n: int, one: float, two: float
) -> None:
    less, more = sorted((one * n, two * n))
    low, high = facility_from_answers(level, less, n), facility_from_answers(level, more, n)
    assert low is not None
    assert high is not None
    assert low <= high


def test_worked_examples() -> None:
    # 30 people, 15 right, rated 3 (650): (15 * 1000 + 20 * 650) / 50
    assert facility_from_answers(3, 15, 30) == 560
    assert facility_from_answers(1, 480, 480) == 996  # (480000 + 18000) / 500
    assert facility_from_answers(5, 0, 30) == 140
    assert facility_from_answers(2, 31.0000001, 31) == facility_from_answers(2, 31, 31)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 1000), min_size=40, max_size=40), st.integers(0, 2**32))
def test_the_paper_follows_from_the_estimates_however_they_were_stored(
    levels: list[int], seed: int
) -> None:
    pool = [make_item(f"Q{n:03}", difficulty=n % 5 + 1) for n in range(40)]
    estimates = {item.revision_hash: level for item, level in zip(pool, levels, strict=True)}
    stored = json.loads(json.dumps(random.Random(seed).sample(list(estimates.items()), 40)))
    target = make_blueprint(make_section(count=10), balance=Balance(1000, 200))
    papers = []
    for known in (estimates, dict(stored)):
        try:
            papers.append(plan_draw(pool, target, known).draw(f"{seed}").hash)
        except Infeasible:
            papers.append("none")
    assert papers[0] == papers[1]


def test_estimates_decide_what_can_be_reached() -> None:
    pool = [make_item(f"Q{n:03}", difficulty=1) for n in range(40)]
    blueprint = make_blueprint(make_section(count=10, points_centi=100), balance=Balance(400, 20))
    with pytest.raises(Infeasible):  # by the ratings everybody gets nine of ten
        plan_draw(pool, blueprint).draw("x")
    known = {item.revision_hash: 400 for item in pool[:20]}
    paper = plan_draw(pool, blueprint, known).draw("x")
    assert {item.revision_hash for item in paper.items} <= known.keys()
