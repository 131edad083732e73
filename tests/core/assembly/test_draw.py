import itertools
import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.draw import draw, plan_draw
from elearn.core.assembly.paper import PaperItem, paper_from_canonical
from elearn.core.assembly.pool import PoolPart, qualifies
from elearn.core.errors import Infeasible
from elearn.core.questions.model import QuestionType
from tests.core.assembly.samples import (
    make_blueprint,
    make_item,
    make_section,
    mixed_blueprint,
    mixed_pool,
)

GOLDEN_SEED = "golden"
GOLDEN_PAPER = "3afdd8a0c76eada316b05d4a1560c91119446a94a19cc737905c35d057cc6c32"
GOLDEN_BLUEPRINT = "6fb926bc07ada827c8db65eff5ca35aab0bf495ade85100fe7e1e6d49b3ac41c"
# 99.9 % points of the chi-square distribution, by degrees of freedom.
CHI_SQUARE_999 = {11: 31.264, 23: 49.728, 39: 72.055}


def chi_square(counts: Counter[object], cells: int, expected: float) -> float:
    found = list(counts.values()) + [0] * (cells - len(counts))
    return sum((count - expected) ** 2 / expected for count in found)


def hashes(items: tuple[PaperItem, ...]) -> set[str]:
    return {item.revision_hash for item in items}


def test_draw_golden_paper_is_the_same_everywhere() -> None:
    blueprint = mixed_blueprint()
    assert blueprint.revision_hash == GOLDEN_BLUEPRINT
    assert draw(mixed_pool(), blueprint, GOLDEN_SEED).hash == GOLDEN_PAPER


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242", "random"])
def test_draw_does_not_depend_on_the_interpreters_hash_seed(hash_seed: str) -> None:
    program = (
        "from tests.core.assembly.samples import mixed_blueprint, mixed_pool\n"
        "from elearn.core.assembly.draw import draw\n"
        f"print(draw(mixed_pool(), mixed_blueprint(), {GOLDEN_SEED!r}).hash)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == GOLDEN_PAPER


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.binary(max_size=40))
def test_draw_ignores_the_order_of_the_pool(random: object, seed: bytes) -> None:
    pool = mixed_pool()
    expected = draw(pool, mixed_blueprint(), seed).hash
    random.shuffle(pool)  # type: ignore[attr-defined] # hypothesis' Random
    assert draw(pool, mixed_blueprint(), seed).hash == expected


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_draw_meets_every_section(seed: bytes) -> None:
    pool = {item.revision_hash: item for item in mixed_pool()}
    blueprint = mixed_blueprint()
    paper = draw(pool.values(), blueprint, seed)
    items = list(paper.items)
    assert [item.number for item in items] == list(range(1, blueprint.question_count + 1))
    assert len({item.revision_hash for item in items}) == len(items)
    assert paper.total_centi == blueprint.total_centi
    for drawn, section in zip(paper.sections, blueprint.sections, strict=True):
        assert (drawn.name, drawn.group) == (section.name, section.group_name)
        assert len(drawn.items) == section.count
        assert drawn.total_centi == section.total_centi
        assert all(qualifies(pool[item.revision_hash], section) for item in drawn.items)


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_draw_option_orders_are_permutations(seed: bytes) -> None:
    pool = {item.revision_hash: item for item in mixed_pool()}
    for item in draw(pool.values(), mixed_blueprint(), seed).items:
        for part, drawn in zip(pool[item.revision_hash].parts, item.parts, strict=True):
            assert sorted(drawn.option_order) == list(range(part.options))
            assert (drawn.type, drawn.blanks) == (part.type, part.blanks)


def test_draw_text_and_bytes_of_a_seed_are_the_same_seed() -> None:
    text = draw(mixed_pool(), mixed_blueprint(), "种子")
    assert text == draw(mixed_pool(), mixed_blueprint(), "种子".encode())


def test_draw_different_seeds_give_different_papers() -> None:
    plan = plan_draw(mixed_pool(), mixed_blueprint())
    assert len({plan.draw(str(seed)).hash for seed in range(200)}) == 200


def test_plan_draws_what_draw_draws_however_often_it_is_used() -> None:
    plan = plan_draw(mixed_pool(), mixed_blueprint())
    plan.draw("another")
    assert plan.draw("a") == draw(mixed_pool(), mixed_blueprint(), "a") == plan.draw("a")


def test_draw_keeps_true_false_and_fixed_options_in_order() -> None:
    fixed = (PoolPart(QuestionType.SINGLE, options=4, fixed_order=True),)
    pool = [make_item("F", parts=fixed), make_item("T", QuestionType.TRUE_FALSE), make_item("S")]
    blueprint = make_blueprint(
        make_section("固定", count=2), make_section("判断", type=QuestionType.TRUE_FALSE, count=1)
    )
    orders = {"F": set(), "T": set(), "S": set()}
    names = {item.revision_hash: item.code for item in pool}
    for seed in range(60):
        for item in draw(pool, blueprint, str(seed)).items:
            orders[names[item.revision_hash]].add(item.parts[0].option_order)
    assert orders["F"] == {(0, 1, 2, 3)}
    assert orders["T"] == {(0, 1)}
    assert len(orders["S"]) > 10


def test_draw_without_shuffling_keeps_code_and_option_order() -> None:
    pool = [make_item(f"Q{number:02}") for number in range(20)]
    blueprint = make_blueprint(
        make_section(count=10), shuffle_questions=False, shuffle_options=False
    )
    names = {item.revision_hash: item.code for item in pool}
    paper = draw(pool, blueprint, "x")
    codes = [names[item.revision_hash] for item in paper.items]
    assert codes == sorted(codes)
    assert codes != sorted(names.values())[:10]
    assert {item.parts[0].option_order for item in paper.items} == {(0, 1, 2, 3)}


def test_draw_splits_a_cases_points_by_weight_with_the_remainder_last() -> None:
    parts = tuple(PoolPart(QuestionType.SHORT_ANSWER, weight=w) for w in (300, 300, 400))
    blueprint = make_blueprint(make_section(type=QuestionType.CASE, count=1, points_centi=1005))
    paper = draw([make_item("C", QuestionType.CASE, parts=parts)], blueprint, "x")
    (item,) = paper.items
    assert [part.points_centi for part in item.parts] == [301, 301, 403]


def test_paper_survives_being_stored() -> None:
    paper = draw(mixed_pool(), mixed_blueprint(), "x")
    assert paper_from_canonical(paper.canonical()) == paper
    assert paper.question_count == 21
    assert paper.part(1, 0) == next(paper.items).parts[0]
    assert paper.part(1, 1) is paper.part(1, -1) is paper.part(99, 0) is None


def test_draw_refuses_two_revisions_of_one_question() -> None:
    pool = [make_item("A"), make_item("A", difficulty=4)]
    with pytest.raises(ValueError, match="two revisions"):
        draw(pool, make_blueprint(make_section(count=1)), "x")


def test_draw_says_what_is_missing() -> None:
    pool = [make_item(f"Q{number}", laws=("监察法",)) for number in range(9)]
    blueprint = make_blueprint(make_section(count=12, laws=("监察法",), difficulty=(3, 3)))
    with pytest.raises(Infeasible) as caught:
        draw(pool, blueprint, "x")
    assert caught.value.shortages == ["单选·监察法·难度3：需要 12 题，题库只有 9 题，缺 3 题"]


def test_draw_is_uniform_over_the_questions_of_a_section() -> None:
    draws, bank, count = 5000, 40, 10
    pool = [make_item(f"Q{number:02}") for number in range(bank)]
    plan = plan_draw(pool, make_blueprint(make_section(count=count)))
    chosen, first, orders = Counter(), Counter(), Counter()
    for seed in range(draws):
        items = plan.draw(f"uniform-{seed}").sections[0].items
        chosen.update(hashes(items))
        first[items[0].revision_hash] += 1
        orders[items[0].parts[0].option_order] += 1
    # Drawing without replacement shrinks the variance by (bank - count) / (bank - 1).
    spread = chi_square(chosen, bank, draws * count / bank) * (bank - 1) / (bank - count)
    assert spread < CHI_SQUARE_999[39]
    assert chi_square(first, bank, draws / bank) < CHI_SQUARE_999[39]
    assert chi_square(orders, 24, draws / 24) < CHI_SQUARE_999[23]


def test_draw_is_uniform_within_a_kind_when_sections_overlap() -> None:
    draws = 6000
    pool = [make_item(f"L{number:02}", laws=("监察法",)) for number in range(12)]
    pool += [make_item(f"Q{number:02}") for number in range(12)]
    blueprint = make_blueprint(
        make_section("广", count=8), make_section("监察法", count=8, laws=("监察法",))
    )
    plan = plan_draw(pool, blueprint)
    law = {item.revision_hash for item in pool if item.laws}
    broad, narrow = Counter(), Counter()
    for seed in range(draws):
        paper = plan.draw(f"overlap-{seed}")
        broad.update(hashes(paper.sections[0].items) - law)
        narrow.update(hashes(paper.sections[1].items))
        assert len(hashes(paper.sections[0].items) & law) <= 4
    for counts in (broad, narrow):
        expected = counts.total() / 12
        # Without replacement the statistic is smaller than chi-square: a safe bound.
        assert chi_square(counts, 12, expected) < CHI_SQUARE_999[11]


def test_draw_is_uniform_over_the_papers_of_separate_sections() -> None:
    pool = [make_item(f"A{n}", difficulty=1) for n in range(4)]
    pool += [make_item(f"B{n}", difficulty=2) for n in range(2)]
    blueprint = make_blueprint(
        make_section("一", count=2, difficulty=(1, 1)),
        make_section("二", count=1, difficulty=(2, 2)),
    )
    plan = plan_draw(pool, blueprint)
    papers = Counter(
        frozenset(item.revision_hash for item in plan.draw(f"pairs-{seed}").items)
        for seed in range(6000)
    )
    assert chi_square(papers, 12, 500) < CHI_SQUARE_999[11]


TIGHT = st.lists(st.integers(1, 7), min_size=3, max_size=6)


@settings(deadline=None)
@given(TIGHT, st.lists(st.integers(1, 2), min_size=3, max_size=3))
def test_draw_reaches_every_valid_paper_and_never_dead_ends(
    kinds: list[int], needs: list[int]
) -> None:
    """Item i qualifies for section s when bit s of kinds[i] is set (by tag)."""
    pool = [
        make_item(f"Q{at}", tags=tuple(f"s{s}" for s in range(3) if kind >> s & 1))
        for at, kind in enumerate(kinds)
    ]
    blueprint = make_blueprint(
        *(make_section(f"s{s}", count=n, tags_any=(f"s{s}",)) for s, n in enumerate(needs))
    )
    valid = {
        tuple(frozenset(choice) for choice in chosen)
        for chosen in itertools.product(
            *(
                itertools.combinations([i for i, k in enumerate(kinds) if k >> s & 1], need)
                for s, need in enumerate(needs)
            )
        )
        if len(set().union(*chosen)) == sum(needs)
    }
    if not valid:
        with pytest.raises(Infeasible):
            plan_draw(pool, blueprint)
        return
    index = {item.revision_hash: at for at, item in enumerate(pool)}
    plan = plan_draw(pool, blueprint)
    seen = {
        tuple(
            frozenset(index[item.revision_hash] for item in section.items)
            for section in plan.draw(str(seed)).sections
        )
        for seed in range(40 * len(valid))
    }
    assert seen == valid


def test_draw_manages_a_large_bank() -> None:
    pool = [
        make_item(f"Q{n:05}", difficulty=n % 5 + 1, laws=("监察法",) if n % 3 else ())
        for n in range(10_000)
    ]
    blueprint = make_blueprint(
        make_section("一", count=100),
        make_section("二", count=100, laws=("监察法",), difficulty=(3, 3)),
        make_section("三", count=100, difficulty=(2, 3)),
    )
    assert draw(pool, blueprint, "x").question_count == 300
