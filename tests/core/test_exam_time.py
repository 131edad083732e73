"""Deadlines: min(start + allowed, window end) + per-person extra."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.exam_time import ALONE_S, Allowance, extra_seconds, needs_second_person

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
seconds = st.integers(0, 4 * 3600)


@pytest.mark.parametrize(
    ("window_s", "wanted_s"),
    [(7200, 3000 + 300 + 900 + 60), (1800, 1800 + 900 + 60), (3300, 3300 + 900 + 60)],
)
def test_a_late_start_loses_the_common_time_but_keeps_the_own(window_s: int, wanted_s: int) -> None:
    allowed = Allowance(3000, whole_s=300, extra_s=900, granted_s=60)
    assert allowed.deadline(START, START + window_s * SECOND) == START + wanted_s * SECOND
    assert allowed.total_s == 4260


@given(st.integers(1, 4 * 3600), seconds, seconds, seconds, st.integers(1, 10**5), seconds)
def test_more_time_never_shortens(
    duration: int, whole: int, extra: int, granted: int, window: int, more: int
) -> None:
    closes = START + window * SECOND
    base = Allowance(duration, whole, extra, granted).deadline(START, closes)
    assert Allowance(duration, whole, extra + more, granted).deadline(START, closes) == (
        base + more * SECOND
    )
    longer = Allowance(duration, whole + more, extra, granted)
    assert longer.deadline(START, closes + more * SECOND) == base + more * SECOND
    assert base <= closes + (extra + granted) * SECOND
    assert base > START


@pytest.mark.parametrize(
    ("amounts", "wanted"),
    [
        ([], 0),
        ([(25, None)], 750),
        ([(33, None)], 990),
        ([(None, 15)], 900),
        ([(25, None), (None, 15)], 900),
        ([(50, None), (None, 15)], 1500),
    ],
)
def test_the_largest_extra_time_counts(
    amounts: list[tuple[int | None, int | None]], wanted: int
) -> None:
    assert extra_seconds(3000, amounts) == wanted


def test_percent_is_rounded_up_to_the_second() -> None:
    assert extra_seconds(100, [(1, None)]) == 1
    assert extra_seconds(101, [(1, None)]) == 2


def test_ten_minutes_alone_counted_together() -> None:
    assert not needs_second_person(0, ALONE_S)
    assert needs_second_person(0, ALONE_S + 1)
    assert not needs_second_person(300, 300)
    assert needs_second_person(301, 300)
