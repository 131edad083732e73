"""Against the tables of Newcombe (1998), Statistics in Medicine 17."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.statistics.intervals import (
    Interval,
    correlation_interval,
    difference,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # p. 861, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_figures(
    successes: int, n: int, low: float, high: float
) -> None:
    found = wilson(successes, n)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # p. 877, table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 20), 0.6791, 1.0000),
    ],
)
def test_difference_gives_the_published_figures(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = difference(*first, *second)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


@given(st.integers(1, 500), st.floats(0, 1))
def test_wilson_holds_the_proportion_and_narrows_with_n(n: int, share: float) -> None:
    found, wider = wilson(share * n, n), wilson(share * n, n)
    assert 0 <= found.low <= share + 1e-12
    assert share - 1e-12 <= found.high <= 1
    narrower = wilson(share * n * 4, n * 4)
    assert narrower.high - narrower.low < wider.high - wider.low


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_proportion(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, n)


def test_a_correlation_has_fishers_interval() -> None:
    # Fisher's z of r = 0.5 with n = 28: 0.549 +- 1.96 / 5.
    found = correlation_interval(0.5, 28)
    assert found.low == pytest.approx(0.1563, abs=5e-4)
    assert found.high == pytest.approx(0.7355, abs=5e-4)
    assert correlation_interval(1.0, 28) == Interval(1.0, 1.0)
    with pytest.raises(ValueError, match="fewer than 4"):
        correlation_interval(0.5, 3)


def test_intervals_are_apart_when_they_share_nothing() -> None:
    assert Interval(0.1, 0.2).is_apart_from(Interval(0.3, 0.4))
    assert Interval(0.3, 0.4).is_apart_from(Interval(0.1, 0.2))
    assert not Interval(0.1, 0.3).is_apart_from(Interval(0.3, 0.4))
