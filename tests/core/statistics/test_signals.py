"""Drift and leak signals, difficulty suggestions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.statistics.difficulty import band, estimate, rating
from elearn.core.statistics.intervals import difference
from elearn.core.statistics.signals import (
    Record,
    Signal,
    common_shift,
    pool,
    shrunk_change,
    signals,
)

S = Signal


def test_easier_and_faster_together_look_like_a_leak() -> None:
    past, now = Record(400, 200, 40.0, 400), Record(200, 180, 12.0, 200)
    assert signals(now, past) == {S.LEAK, S.EASIER, S.FASTER}


def test_a_stronger_year_is_no_signal() -> None:
    past, now = Record(400, 200), Record(200, 140)
    assert signals(now, past) == {S.EASIER}
    assert signals(now, past, shift=0.2) == frozenset()
    assert signals(now, past, shift=0.45) == {S.HARDER}


def test_few_people_move_nothing() -> None:
    past = Record(400, 200, 40.0, 400)
    assert signals(Record(9, 9, 5.0, 9), past) == frozenset()
    assert signals(Record(12, 8), past) == frozenset()


def test_a_large_change_that_chance_explains_is_no_signal() -> None:
    past, now = Record(32, 16), Record(32, 23.4)
    assert shrunk_change(now, past) >= 0.1
    assert difference(now.total_share, now.n, past.total_share, past.n).low < 0
    assert signals(now, past) == frozenset()
    assert signals(past, now) == frozenset()


@given(st.integers(1, 60), st.floats(0, 1), st.floats(0, 1))
def test_a_shrunk_change_is_never_larger_and_grows_with_n(n: int, p: float, q: float) -> None:
    small = shrunk_change(Record(n, p * n), Record(500, q * 500))
    large = shrunk_change(Record(10 * n, p * 10 * n), Record(500, q * 500))
    assert abs(small) <= abs(large) + 1e-12
    assert abs(large) <= abs(p - q) + 1e-9


def test_another_wrong_option_is_seen() -> None:
    past = Record(200, 100, wrong=((1, 80), (2, 20)))
    assert signals(Record(200, 100, wrong=((1, 20), (2, 80))), past) == {S.OTHER_WRONG}
    assert signals(Record(200, 100, wrong=((1, 70), (2, 30))), past) == frozenset()
    assert signals(Record(29, 14, wrong=((2, 15),)), past) == frozenset()


def test_records_of_several_exams_add_up() -> None:
    pooled = pool(
        [
            Record(10, 5, 30.0, 10, ((1, 3),)),
            Record(30, 20, 50.0, 30, ((1, 1), (2, 4))),
            Record(5, 1),
            Record(0, 0),
        ]
    )
    assert pooled == Record(45, 26, 50.0, 40, ((1, 4), (2, 4)))
    assert pool([Record(0, 0)]) is None
    assert pool([Record(5, 1)]) == Record(5, 1)


def test_the_common_shift_is_the_median_of_what_both_have() -> None:
    past = {"a": Record(100, 50), "b": Record(100, 60), "c": Record(100, 90), "few": Record(2, 0)}
    now = {"a": Record(100, 60), "b": Record(100, 70), "c": Record(100, 90), "few": Record(50, 50)}
    assert common_shift(now, past) == pytest.approx(0.1)
    assert common_shift(now, {}) == 0.0


def test_a_suggestion_needs_certainty() -> None:
    found = estimate(3, 95 * 2, 200)
    assert found is not None
    assert (found.difficulty, found.is_suggestion) == (1, True)
    near = estimate(3, 150, 200)  # 75 %: the edge of the next band
    assert near is not None
    assert (near.difficulty, near.is_suggestion) == (2, False)
    assert estimate(3, 29, 29) is None


@given(st.floats(0, 1))
def test_every_facility_has_the_difficulty_of_its_band(facility: float) -> None:
    low, high = band(rating(facility))
    assert low <= facility <= high
