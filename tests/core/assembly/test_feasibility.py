from hypothesis import given, settings
from hypothesis import strategies as st

from elearn.core.assembly.feasibility import feasibility, supplies
from elearn.core.assembly.model import Blueprint
from elearn.core.assembly.pool import PoolItem
from elearn.core.questions.model import QuestionType
from tests.core.assembly.samples import make_blueprint, make_item, make_section


def build(kinds: list[int], needs: list[int]) -> tuple[list[PoolItem], Blueprint]:
    """Item i qualifies for section s when bit s of kinds[i] is set."""
    pool = [
        make_item(f"Q{at}", tags=tuple(f"s{s}" for s in range(len(needs)) if kind >> s & 1))
        for at, kind in enumerate(kinds)
    ]
    sections = [make_section(f"s{s}", count=n, tags_any=(f"s{s}",)) for s, n in enumerate(needs)]
    return pool, make_blueprint(*sections)


def most_filled(kinds: list[int], needs: tuple[int, ...]) -> int:
    """Brute force: give each item to one of its sections or to none."""
    if not kinds:
        return 0
    best = most_filled(kinds[1:], needs)
    for s, need in enumerate(needs):
        if kinds[0] >> s & 1 and need:
            rest = (*needs[:s], need - 1, *needs[s + 1 :])
            best = max(best, 1 + most_filled(kinds[1:], rest))
    return best


CASES = st.tuples(
    st.lists(st.integers(0, 7), max_size=6), st.lists(st.integers(1, 3), min_size=3, max_size=3)
)


@settings(deadline=None)
@given(CASES)
def test_feasibility_agrees_with_brute_force(case: tuple[list[int], list[int]]) -> None:
    kinds, needs = case
    pool, blueprint = build(kinds, needs)
    shortages = feasibility(pool, blueprint)
    lacking = sum(needs) - most_filled(kinds, tuple(needs))
    assert sum(shortage.missing for shortage in shortages) == lacking
    assert all(shortage.missing > 0 for shortage in shortages)


@settings(deadline=None)
@given(CASES)
def test_feasibility_names_sections_whose_questions_really_are_too_few(
    case: tuple[list[int], list[int]],
) -> None:
    kinds, needs = case
    pool, blueprint = build(kinds, needs)
    for shortage in feasibility(pool, blueprint):
        mask = sum(1 << s for s in shortage.sections)
        assert shortage.available == sum(1 for kind in kinds if kind & mask)
        assert shortage.need <= sum(needs[s] for s in shortage.sections)


@settings(deadline=None)
@given(CASES)
def test_supplies_after_overlaps_is_what_the_others_leave(
    case: tuple[list[int], list[int]],
) -> None:
    kinds, needs = case
    pool, blueprint = build(kinds, needs)
    for row in supplies(pool, blueprint):
        s = row.section
        others = tuple(0 if at == s else need for at, need in enumerate(needs))
        open_ended = tuple(len(kinds) if at == s else need for at, need in enumerate(needs))
        left = most_filled(kinds, open_ended) - most_filled(kinds, others)
        assert row.available == sum(1 for kind in kinds if kind >> s & 1)
        assert row.after_overlaps == left
        assert row.enough == (left >= needs[s])


def test_feasibility_one_line_per_short_section() -> None:
    pool = [make_item(f"S{n}") for n in range(3)]
    blueprint = make_blueprint(
        make_section("单选", count=5, topics=("LAW-01",)),
        make_section("判断", count=2, type=QuestionType.TRUE_FALSE, difficulty=(1, 2)),
    )
    assert [shortage.line for shortage in feasibility(pool, blueprint)] == [
        "单选·监察法：需要 5 题，题库只有 3 题，缺 2 题",
        "判断·难度1–2：需要 2 题，题库只有 0 题，缺 2 题",
    ]


def test_feasibility_explains_sections_that_share_questions() -> None:
    pool = [make_item(f"S{n}", laws=("监察法",)) for n in range(5)]
    pool += [make_item(f"T{n}", QuestionType.TRUE_FALSE) for n in range(9)]
    blueprint = make_blueprint(
        make_section("监察法", count=3, laws=("监察法",)),
        make_section("基础", count=4, difficulty=(1, 3)),
        make_section("判断", count=9, type=QuestionType.TRUE_FALSE),
    )
    (shortage,) = feasibility(pool, blueprint)
    assert shortage.sections == (0, 1)
    assert shortage.line == (
        "“监察法”（单选·监察法）、“基础”（单选·难度1–3）用的是同一批题，合起来："
        "需要 7 题，题库只有 5 题，缺 2 题"
    )


def test_feasibility_reports_separate_conflicts_separately() -> None:
    pool, blueprint = build([3, 3, 12, 12], [1, 2, 2, 1])
    assert [shortage.sections for shortage in feasibility(pool, blueprint)] == [(0, 1), (2, 3)]


def test_feasibility_names_the_blueprints_audience() -> None:
    pool = [make_item("P", audience=("党员",)), make_item("A")]
    blueprint = make_blueprint(make_section(count=2), audience=("全体",))
    assert [shortage.line for shortage in feasibility(pool, blueprint)] == [
        "单选·对象全体：需要 2 题，题库只有 1 题，缺 1 题"
    ]
    assert feasibility(pool, make_blueprint(make_section(count=2))) == []
