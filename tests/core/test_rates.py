"""Rates: never without their denominator, never a float."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from elearn.core.duties import DutyState
from elearn.core.rates import RATE_DEFINITIONS, Counts, Rate


def test_percent_has_one_decimal_and_a_dash_for_nothing() -> None:
    assert [Rate(96, 120).percent, Rate(2, 3).percent, Rate(0, 5).percent, Rate(5, 5).percent] == [
        "80.0%",
        "66.7%",
        "0.0%",
        "100.0%",
    ]
    assert Rate(0, 0).percent == "–"
    assert Rate(0, 0).permille is None


def test_text_shows_the_counts() -> None:
    assert Rate(96, 120).text == "80.0%（96 / 120）"


def test_halves_round_up() -> None:
    assert Rate(1, 16).percent == "6.3%"


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_permille_is_the_nearest_integer(part: int, whole: int) -> None:
    value = Rate(part, whole).permille
    assert value is not None
    assert abs(value * whole - part * 1000) * 2 <= whole


def test_each_rate_uses_its_own_denominator() -> None:
    counts = Counts(assigned=10, done=4, should_sit=6, took=3, passed=2)
    assert counts.completion == Rate(4, 10)
    assert counts.participation == Rate(3, 6)
    assert counts.pass_rate == Rate(2, 3)


def test_counts_add_up_field_by_field() -> None:
    names = [field.name for field in fields(Counts)]
    one = Counts(**{name: at for at, name in enumerate(names, start=1)})
    two = Counts(**dict.fromkeys(names, 100))
    assert one + two == Counts(**{name: at + 100 for at, name in enumerate(names, start=1)})


def test_every_state_has_its_count() -> None:
    names = {field.name for field in fields(Counts)}
    assert {state.value.lower() for state in DutyState} <= names


def test_definitions_name_every_rate() -> None:
    assert {"完成率", "参与率", "合格率", "逾期", "缺考", "人次"} == {
        name for name, _ in RATE_DEFINITIONS
    }
