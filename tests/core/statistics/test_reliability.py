"""Alpha against published figures; the nested coefficient against its analysis of variance."""

import statistics

import pytest

from elearn.core.statistics.exam import Score, exam_statistics
from elearn.core.statistics.reliability import Design, reliability
from elearn.core.statistics.responses import Response, Responses, error_variance
from tests.core.statistics.samples import collect, lsat_rows, simulate


def test_alpha_is_what_ltm_prints_for_lsat() -> None:
    found = reliability(collect(lsat_rows()))
    assert found is not None
    assert found.design is Design.FIXED
    assert round(found.coefficient, 4) == 0.2950


@pytest.mark.parametrize(
    ("left_out", "alpha"), [(0, 0.2754), (1, 0.2376), (2, 0.2168), (3, 0.2459), (4, 0.2663)]
)
def test_alpha_without_an_item_is_what_ltm_prints(left_out: int, alpha: float) -> None:
    rows = [[mark for at, mark in enumerate(row) if at != left_out] for row in lsat_rows()]
    found = reliability(collect(rows))
    assert found is not None
    assert round(found.coefficient, 4) == alpha


def test_the_nested_coefficient_is_one_minus_the_ratio_of_mean_squares() -> None:
    """Brennan (2001): in the i:p design, E rho^2 = 1 - MS(i:p) / MS(p). Computed here the long way,
    from sums of squares."""
    responses, _ = simulate(people=400, bank=200, each=25)
    papers: list[list[float]] = [[] for _ in range(400)]
    for column in responses.columns.values():
        for person, share in zip(column.person, column.share, strict=True):
            papers[person].append(share)
    grand = statistics.fmean(share for paper in papers for share in paper)
    means = [statistics.fmean(paper) for paper in papers]
    between = 25 * sum((mean - grand) ** 2 for mean in means) / (400 - 1)
    within = sum(
        (share - mean) ** 2 for paper, mean in zip(papers, means, strict=True) for share in paper
    ) / (400 * 24)
    found = reliability(responses)
    assert found is not None
    assert found.design is Design.RANDOM
    assert found.coefficient == pytest.approx(1 - within / between)


def test_with_right_or_wrong_items_it_is_kuder_and_richardsons_formula_21() -> None:
    responses, _ = simulate(people=2000, bank=300, each=40, seed=3)
    totals = [total / 100 for total in responses.total]
    mean, spread = statistics.fmean(totals), statistics.pvariance(totals)
    kr21 = 40 / 39 * (1 - mean * (40 - mean) / (40 * spread))
    found = reliability(responses)
    assert found is not None
    assert found.coefficient == pytest.approx(kr21, abs=1e-3)


def test_it_is_the_squared_correlation_with_ability() -> None:
    """What reliability means: here the true abilities are known."""
    responses, abilities = simulate(people=4000, bank=400, each=50, seed=5)
    true = statistics.correlation(responses.total, abilities) ** 2
    found = reliability(responses)
    assert found is not None
    assert found.coefficient == pytest.approx(true, abs=0.05)


def test_sections_take_the_differences_between_them_out_of_the_error() -> None:
    paper = [Response(f"a{n}", 1.0, 100, "单选") for n in range(4)]
    paper += [Response(f"b{n}", 0.0, 300, "多选") for n in range(4)]
    assert error_variance(paper) == 0
    together = [Response(one.item, one.share, one.weight) for one in paper]
    assert error_variance(together) == pytest.approx(8 * statistics.variance([100] * 4 + [0] * 4))


def test_sections_of_one_item_are_taken_together() -> None:
    alone = [Response("a", 1.0, 100, "一"), Response("b", 0.0, 100, "二")]
    assert error_variance(alone) == pytest.approx(2 * statistics.variance([100, 0]))
    mixed = [*(Response(f"c{n}", 1.0, 100, "三") for n in range(2)), alone[1]]
    assert error_variance(mixed) == pytest.approx(3 * statistics.variance([100, 100, 0]))
    assert error_variance(alone[:1]) == 0


def test_nothing_is_said_with_few_people_or_equal_scores() -> None:
    assert reliability(collect([[1, 0], [0, 0]] * 10)) is None
    assert reliability(collect([[1, 0]] * 50)) is None


def test_an_exam_has_distribution_pass_rate_and_reliability() -> None:
    responses = collect(lsat_rows())
    scores = [Score(int(total), 500, total >= 300) for total in responses.total]
    found = exam_statistics(scores, responses)
    assert (found.n, found.passed) == (1000, sum(1 for row in lsat_rows() if sum(row) >= 3))
    assert sum(found.bins) == 1000
    assert found.bins[9] == 298  # full marks are in the last
    assert found.mean == pytest.approx(381.9)
    assert found.pass_interval is not None
    assert found.pass_interval.low < found.passed / 1000 < found.pass_interval.high
    assert found.reliability is not None


def test_a_handful_of_people_is_only_counted() -> None:
    found = exam_statistics([Score(100, 100, True)] * 9, Responses())
    assert (found.n, found.passed, found.bins, found.mean) == (9, 9, (), None)


def test_a_paper_worth_nothing_is_no_division_by_zero() -> None:
    found = exam_statistics([Score(0, 0, False)] * 10, Responses())
    assert found.bins == (10, 0, 0, 0, 0, 0, 0, 0, 0, 0)
