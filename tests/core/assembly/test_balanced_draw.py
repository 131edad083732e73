"""Version 2 of the draw: quotas, target score, questions seen before."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.constraints import Balance, Quota
from elearn.core.assembly.draw import Plan, plan_draw
from elearn.core.assembly.facility import PRIOR_PERMILLE, facility_permille
from elearn.core.assembly.feasibility import feasibility
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.paper import Paper
from elearn.core.assembly.pool import PoolItem, matches
from elearn.core.errors import Infeasible
from tests.core.assembly.samples import make_blueprint, make_item, make_section, mixed_pool

LAWS = ("监察法", "刑法", "公务员法")


def bank(size: int = 120, **values: Any) -> list[PoolItem]:
    """Single choices over five difficulties and three laws, evenly."""
    return [
        make_item(f"Q{n:03}", difficulty=n % 5 + 1, laws=(LAWS[n // 5 % 3],), **values)
        for n in range(size)
    ]


def chosen(plan: Plan, paper: Paper, section: int = 0) -> list[PoolItem]:
    by_hash = {item.revision_hash: item for item in plan.items}
    return [by_hash[item.revision_hash] for item in paper.sections[section].items]


def count(items: Iterable[PoolItem], quota: Quota) -> int:
    return sum(matches(item, quota) for item in items)


def expected(plan: Plan, paper: Paper) -> int:
    by_hash = {item.revision_hash: item for item in plan.items}
    return sum(
        item.points_centi * PRIOR_PERMILLE[by_hash[item.revision_hash].difficulty]
        for item in paper.items
    )


QUOTAS = (
    Quota(10, 10, difficulty=(1, 2)),
    Quota(8, None, laws=("监察法",)),
    Quota(0, 2, difficulty=(5, 5)),
    Quota(3, 4, laws=("刑法",), difficulty=(3, 4)),
)


@settings(deadline=None, max_examples=60)
@given(st.binary(min_size=1, max_size=20))
def test_every_paper_meets_every_quota_and_the_target(seed: bytes) -> None:
    section = make_section(count=20, points_centi=500, quotas=QUOTAS)
    plan = plan_draw(bank(), make_blueprint(section, balance=Balance(6800, 30)))
    paper = plan.draw(seed)
    items = chosen(plan, paper)
    assert len({item.code for item in items}) == 20
    assert paper.draw_version == 2
    for quota in QUOTAS:
        most = 20 if quota.most is None else quota.most
        assert quota.least <= count(items, quota) <= most
    assert abs(expected(plan, paper) - 6_800_000) <= 30_000


KINDS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), min_size=3, max_size=9)


@settings(deadline=None, max_examples=150)
@given(
    KINDS,
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=2),
    st.integers(1, 3),
)
def test_feasible_means_every_seed_draws(
    kinds: list[tuple[int, int]], bounds: list[tuple[int, int]], need: int
) -> None:
    """kinds: (sections 1, 2 or both; quotas met), by tag; two overlapping sections."""
    pool = [
        make_item(
            f"Q{at}",
            tags=(
                *(f"s{s}" for s in range(2) if where in (s, 2)),
                *(f"q{q}" for q in range(2) if met >> q & 1),
            ),
        )
        for at, (where, met) in enumerate(kinds)
    ]
    quotas = tuple(
        Quota(min(a, b, need), max(a, b, 1), tags_any=(f"q{q}",)) for q, (a, b) in enumerate(bounds)
    )
    blueprint = make_blueprint(
        make_section("s0", count=need, tags_any=("s0",), quotas=quotas),
        make_section("s1", count=1, tags_any=("s1",)),
    )
    shortages = feasibility(pool, blueprint)
    if shortages:
        with pytest.raises(Infeasible):
            plan_draw(pool, blueprint)
        return
    plan = plan_draw(pool, blueprint)
    for seed in range(10):
        items = chosen(plan, plan.draw(str(seed)))
        for quota in quotas:
            assert quota.least <= count(items, quota) <= (quota.most or 0)


def test_shortage_of_a_quota_names_the_cell() -> None:
    quotas = (Quota(12, None, laws=("监察法",), difficulty=(3, 3)),)
    found = feasibility(bank(), make_blueprint(make_section(count=20, quotas=quotas)))
    assert [s.line for s in found] == ["单选·监察法·难度3：需要 12 题，题库只有 8 题，缺 4 题"]
    most = (Quota(0, 2, laws=LAWS),)
    found = feasibility(bank(), make_blueprint(make_section(count=20, quotas=most)))
    assert [s.missing for s in found] == [18]
    assert "以外" in found[0].line


def test_contradiction_names_only_what_contradicts() -> None:
    quotas = (
        Quota(12, None, difficulty=(1, 2)),
        Quota(1, None, laws=("刑法",)),
        Quota(9, None, difficulty=(3, 5)),
    )
    (found,) = feasibility(bank(), make_blueprint(make_section(count=20, quotas=quotas)))
    assert "难度1–2 至少 12 题、难度3–5 至少 9 题" in found.line
    assert "刑法" not in found.line
    with pytest.raises(Infeasible):
        plan_draw(bank(), make_blueprint(make_section(count=20, quotas=quotas)))


def test_a_tight_corner_is_reached_from_the_witness() -> None:
    """Single swaps get stuck here: two quotas must change together."""
    pool = [make_item(f"A{n}", tags=("a",)) for n in range(2)]
    pool += [make_item(f"B{n}", tags=("b",)) for n in range(2)]
    pool += [make_item(f"C{n}", tags=("a", "b", "c")) for n in range(2)]
    pool += [make_item(f"D{n}") for n in range(40)]
    quotas = (
        Quota(1, 1, tags_any=("a",)),
        Quota(1, 1, tags_any=("b",)),
        Quota(1, 1, tags_any=("c",)),
    )
    plan = plan_draw(pool, make_blueprint(make_section(count=4, quotas=quotas)))
    refilled = 0
    for seed in range(60):
        items = chosen(plan, plan.draw(str(seed)))
        assert [count(items, quota) for quota in quotas] == [1, 1, 1]
        refilled += 1
    assert refilled == 60


def test_target_out_of_reach_is_said() -> None:
    blueprint = make_blueprint(make_section(count=5), balance=Balance(450, 5))
    with pytest.raises(Infeasible) as caught:
        plan_draw([make_item(f"Q{n}") for n in range(9)], blueprint).draw("x")
    assert "目标均分" in caught.value.shortages[0]


def test_estimates_replace_the_prior() -> None:
    pool = [make_item(f"Q{n}") for n in range(8)]
    estimates = {item.revision_hash: 100 * n + 100 for n, item in enumerate(pool)}
    assert facility_permille(pool[0], {}) == PRIOR_PERMILLE[3]
    blueprint = make_blueprint(make_section(count=2), balance=Balance(150, 1))
    plan = plan_draw(pool, blueprint, estimates)
    for seed in range(20):
        levels = [estimates[i.revision_hash] for i in plan.draw(str(seed)).items]
        assert abs(sum(levels) * 100 - 150_000) <= 1000


# ---------------------------------------------------------------- seen before


def resit(balance: Balance, size: int, count_: int = 5) -> tuple[Plan, set[str], set[str]]:
    """A first paper and a second one that avoids it."""
    blueprint = make_blueprint(make_section(count=count_), balance=balance)
    plan = plan_draw([make_item(f"Q{n:02}") for n in range(size)], blueprint)
    first = {item.code for item in chosen(plan, plan.draw("1"))}
    second = {item.code for item in chosen(plan, plan.draw("2", first))}
    return plan, first, second


def test_a_resit_shows_nothing_seen() -> None:
    _, first, second = resit(Balance(seen_max=0), 10)
    assert not first & second


def test_a_resit_repeats_as_little_as_allowed() -> None:
    _, first, second = resit(Balance(seen_max=2), 8)
    assert len(first & second) == 2
    with pytest.raises(Infeasible) as caught:
        resit(Balance(seen_max=1), 8)
    assert "避开做过的题" in caught.value.shortages[0]


def test_what_was_seen_elsewhere_does_not_matter() -> None:
    plan, first, _ = resit(Balance(seen_max=0), 10)
    assert plan.draw("2", {*first, "unknown"}) == plan.draw("2", first)


def test_avoiding_seen_questions_can_break_a_quota() -> None:
    blueprint = make_blueprint(
        make_section(count=5, quotas=(Quota(5, 5, laws=("监察法",)),)),
        balance=Balance(seen_max=0),
    )
    plan = plan_draw(bank(30), blueprint)
    first = {item.code for item in chosen(plan, plan.draw("1"))}
    second = {item.code for item in chosen(plan, plan.draw("2", first))}
    with pytest.raises(Infeasible):
        plan.draw("3", first | second)


def test_items_of_no_section_do_not_matter_when_seen() -> None:
    pool = [make_item(f"Q{n}") for n in range(6)] + [make_item("X", topic="DIS-04")]
    blueprint = make_blueprint(
        make_section(count=2, topics=("LAW-01",)), balance=Balance(seen_max=0)
    )
    assert plan_draw(pool, blueprint).draw("1", {"X"}).question_count == 2


# ---------------------------------------------------------------- version, seeds, fairness


def test_version_1_where_nothing_is_asked() -> None:
    plan = plan_draw(mixed_pool(), make_blueprint(make_section(), balance=Balance(overlap_max=1)))
    assert plan.draw("x").draw_version == 1
    assert plan.draw("x", {"nothing known"}).draw_version == 2


def fair_blueprint() -> Blueprint:
    section = make_section(count=20, points_centi=500, quotas=QUOTAS)
    return make_blueprint(section, balance=Balance(6800, 30, seen_max=0))


def test_golden_paper_of_version_2() -> None:
    assert plan_draw(bank(), fair_blueprint()).draw("golden").hash == GOLDEN_V2
    assert plan_draw(reversed(bank()), fair_blueprint()).draw("golden").hash == GOLDEN_V2


GOLDEN_V2 = "5c91e16797c53a88d0faeb18c15baea0ac558eee25a19c8fa9862b301b1d40e4"
# 99 % points of the chi-square distribution, by degrees of freedom.
CHI_SQUARE_99 = {3: 11.345, 7: 18.475, 39: 62.428}


def test_questions_no_constraint_tells_apart_have_equal_chances() -> None:
    """1,000 papers: within each law and difficulty, χ² of how often each of 8 came, p > 0.01.

    Drawing without replacement makes the statistic smaller than chi-square: a safe bound.
    """
    plan = plan_draw(bank(), fair_blueprint())
    uses = Counter(
        item.code for seed in range(1000) for item in chosen(plan, plan.draw(f"even-{seed}"))
    )
    cells: dict[tuple[str, int], list[int]] = {}
    for item in plan.items:
        cells.setdefault((item.laws[0], item.difficulty), []).append(uses[item.code])
    assert len(cells) == 15
    worst = max(
        sum((n - sum(counts) / 8) ** 2 / (sum(counts) / 8) for n in counts)
        for counts in cells.values()
        if sum(counts)
    )
    # Fifteen looks at once: the 1 % is shared among them (Bonferroni): 99.93 % point, 7 degrees.
    assert worst < 25.0


def test_option_order_says_nothing_in_version_2() -> None:
    """1,000 variants: place of the first option, χ² with 3 degrees of freedom, p > 0.01."""
    plan = plan_draw(bank(), fair_blueprint())
    places = Counter(
        next(iter(plan.draw(f"order-{seed}").items)).parts[0].option_order.index(0)
        for seed in range(1000)
    )
    assert sum((places[at] - 250) ** 2 / 250 for at in range(4)) < CHI_SQUARE_99[3]


def test_uniform_over_a_plain_section_beside_a_constrained_one() -> None:
    """1,000 papers of a section nothing constrains: 40 questions, 10 drawn, χ² p > 0.01."""
    pool = [*bank(), *(make_item(f"Z{n:02}", topic="DIS-04") for n in range(40))]
    blueprint = make_blueprint(
        make_section("法", count=20, topics=("LAW-01",), quotas=QUOTAS),
        make_section("纪", count=10, topics=("DIS-04",)),
    )
    plan = plan_draw(pool, blueprint)
    uses = Counter(
        item.code
        for seed in range(1000)
        for item in chosen(plan, plan.draw(f"plain-{seed}"), section=1)
    )
    spread = sum((uses[f"Z{n:02}"] - 250) ** 2 / 250 for n in range(40)) * 39 / 30
    assert spread < CHI_SQUARE_99[39]


def test_fine_estimates_out_of_reach_are_given_up_without_pairs() -> None:
    pool = [make_item(f"Q{n:03}") for n in range(200)]
    estimates = {item.revision_hash: 500 + 2 * n for n, item in enumerate(pool)}
    plan = plan_draw(
        pool, make_blueprint(make_section(count=4), balance=Balance(100, 1)), estimates
    )
    with pytest.raises(Infeasible):
        plan.draw("x")


def test_composition_without_blocked_questions() -> None:
    quota = Quota(2, 2, laws=("监察法",))
    pool = [*bank(15), make_item("X", topic="DIS-04")]
    blueprint = make_blueprint(make_section(count=2, topics=("LAW-01",), quotas=(quota,)))
    layout = plan_draw(pool, blueprint).layout
    by_code = {item.code: at for at, item in enumerate(sorted(pool, key=lambda i: i.code))}
    law = [at for code, at in by_code.items() if code in {f"Q{n:03}" for n in range(5)}]
    assert layout.compose([by_code["X"]]) == layout.compose()
    assert layout.compose(law[:3]) is not None
    assert layout.compose(law[:4]) is None
