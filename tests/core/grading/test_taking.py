"""取最高: which of several tries stands."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from elearn.core.grading.taking import Try, take_best

tries = st.lists(
    st.builds(Try, st.integers(1, 20), st.integers(0, 10_000), st.just(10_000), st.booleans()),
    min_size=1,
    max_size=8,
    unique_by=lambda each: each.no,
)


@given(tries)
def test_nothing_passes_or_scores_above_what_stands(made: list[Try]) -> None:
    found = take_best(made)
    assert found is not None
    assert found.of == len(made)
    assert found.best in made
    assert found.best.passed == any(each.passed for each in made)
    peers = [each for each in made if each.passed == found.best.passed]
    assert found.best.score_centi == max(each.score_centi for each in peers)
    equal = [each.no for each in peers if each.score_centi == found.best.score_centi]
    assert found.best.no == min(equal)


@given(tries, st.randoms())
def test_the_order_they_are_read_in_changes_nothing(made: list[Try], random: Random) -> None:
    shuffled = list(made)
    random.shuffle(shuffled)
    assert take_best(shuffled) == take_best(made)


def test_no_try_has_no_result_and_one_says_nothing_of_choice() -> None:
    assert take_best([]) is None
    only = take_best([Try(1, 6000, 10_000, passed=True)])
    assert only is not None
    assert only.words == ""
    two = take_best([Try(1, 9000, 10_000, passed=True), Try(2, 6000, 10_000, passed=True)])
    assert two is not None
    assert two.words == "2 次中最高，第 1 次"


def test_a_pass_goes_before_a_higher_score_that_missed_a_section() -> None:
    found = take_best([Try(1, 8500, 10_000, passed=False), Try(2, 7000, 10_000, passed=True)])
    assert found is not None
    assert found.best.no == 2
