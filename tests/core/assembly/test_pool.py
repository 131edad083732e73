from dataclasses import replace

import pytest

from elearn.core.assembly.pool import bank_hash, part_weights, pool_item, pool_of, qualifies, suits
from elearn.core.questions.model import (
    Citation,
    Part,
    Question,
    QuestionStatus,
    QuestionType,
    RubricPoint,
)
from elearn.core.taxonomy import Strand
from tests.core.assembly.samples import make_item, make_section

SINGLE = Part(QuestionType.SINGLE, "问？", options=("甲", "乙", "丙"), key=(1,), fixed_order=True)
AUDIENCE = ("党员", "一把手")
BLANK = Part(QuestionType.BLANK, "____和____", blanks=(("五",), ("一年",)))


def essay(*points: int) -> Part:
    return Part(QuestionType.SHORT_ANSWER, "论", rubric=tuple(RubricPoint("点", p) for p in points))


def test_pool_item_keeps_what_the_draw_needs_and_no_key() -> None:
    question = Question(
        "A-1",
        QuestionType.CASE,
        "LAW-01",
        2,
        (SINGLE, BLANK),
        stem="材料",
        citations=(
            Citation("监察法", "2024-12-25", "46"),
            Citation("刑法", "2023-12-29", "385"),
            Citation("监察法", "2024-12-25", "47"),
        ),
        tags=("审批",),
        audience=("PARTY", "CHIEF"),
    )
    item = pool_item(question)
    assert item.revision_hash == question.revision_hash
    assert (item.code, item.strand, item.difficulty) == ("A-1", Strand.LAW, 2)
    assert (item.laws, item.tags, item.audience) == (("监察法", "刑法"), ("审批",), AUDIENCE)
    assert [(p.type, p.options, p.blanks, p.fixed_order, p.weight) for p in item.parts] == [
        (QuestionType.SINGLE, 3, 0, True, 1),
        (QuestionType.BLANK, 0, 2, False, 1),
    ]


def test_pool_of_leaves_out_what_is_not_active() -> None:
    active = Question("A-1", QuestionType.SINGLE, "LAW-01", 2, (SINGLE,))
    others = [
        replace(active, code=status.value, status=status)
        for status in QuestionStatus
        if status is not QuestionStatus.ACTIVE
    ]
    assert [item.code for item in pool_of([*others, active])] == ["A-1"]


def test_part_weights_follow_the_rubric_only_when_every_part_has_one() -> None:
    assert part_weights([essay(200, 100), essay(400)]) == [300, 400]
    assert part_weights([essay(200, 100), SINGLE]) == [1, 1]
    assert part_weights([]) == []


def test_bank_hash_names_the_set_not_the_order() -> None:
    first, second = make_item("A"), make_item("B")
    assert bank_hash([first, second]) == bank_hash([second, first])
    assert bank_hash([first]) != bank_hash([first, second])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"type": QuestionType.MULTI}, False),
        ({"difficulty": (3, 3)}, True),
        ({"difficulty": (1, 2)}, False),
        ({"difficulty": (4, 5)}, False),
        ({"strands": (Strand.DIS, Strand.LAW)}, True),
        ({"strands": (Strand.DIS,)}, False),
        ({"topics": ("DIS-04", "LAW-01")}, True),
        ({"topics": ("LAW-02",)}, False),
        ({"laws": ("刑法", "监察法")}, True),
        ({"laws": ("刑法",)}, False),
        ({"tags_any": ("采购", "审批")}, True),
        ({"tags_any": ("采购",)}, False),
        ({"audience": ("党员",)}, True),
        ({"audience": ("非党员",)}, False),
    ],
)
def test_qualifies_checks_every_filter(change: dict[str, object], expected: bool) -> None:  # noqa: FBT001 - a table of cases
    item = make_item("A", laws=("监察法",), tags=("审批",), audience=("党员",))
    assert qualifies(item, make_section(**change)) is expected


def test_qualifies_a_sections_audience_goes_before_the_blueprints() -> None:
    item = make_item("A", audience=("党员",))
    assert not qualifies(item, make_section(), ("非党员",))
    assert qualifies(item, make_section(audience=("党员",)), ("非党员",))


@pytest.mark.parametrize(
    ("item", "sitting", "expected"),
    [
        ((), ("非党员",), True),
        (("全体",), ("非党员",), True),
        (("党员",), (), True),
        (("党员",), ("党员",), True),
        (("党员",), ("非党员",), False),
        (("党员",), ("全体",), False),
        (("党员",), ("一把手",), False),
        (("党员", "非党员"), ("全体",), True),
        (("一把手",), ("党员", "一把手"), True),
        (("一把手",), ("一把手", "班子成员"), False),
        (("一把手", "班子成员"), ("班子成员",), True),
        (("党员", "一把手"), ("党员",), False),
    ],
)
def test_suits_asks_that_everybody_sitting_may_get_the_question(
    item: tuple[str, ...],
    sitting: tuple[str, ...],
    expected: bool,  # noqa: FBT001 - a table of cases
) -> None:
    assert suits(item, sitting) is expected
