from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.assembly.paper import PaperPart
from elearn.core.errors import DomainError
from elearn.core.grading.answers import is_empty, original_options, parse_answer, shown_options
from elearn.core.questions.model import Part, QuestionType

SINGLE = PaperPart(QuestionType.SINGLE, 100, (2, 0, 3, 1))
MULTI = PaperPart(QuestionType.MULTI, 100, (2, 0, 3, 1))
TRUE_FALSE = PaperPart(QuestionType.TRUE_FALSE, 100, (0, 1))
BLANKS = PaperPart(QuestionType.BLANK, 100, blanks=2)
ESSAY = PaperPart(QuestionType.SHORT_ANSWER, 100)


@pytest.mark.parametrize(
    ("part", "raw", "expected"),
    [
        (SINGLE, [3], [3]),
        (SINGLE, ["3"], [3]),
        (SINGLE, [], []),
        (TRUE_FALSE, [1], [1]),
        (MULTI, [3, 0, 1], [0, 1, 3]),
        (MULTI, ["3", "0"], [0, 3]),
        (BLANKS, ["五", ""], ["五", ""]),
        (BLANKS, ["a" * 200, "b"], ["a" * 200, "b"]),
        (ESSAY, "第一\r\n第二\r第三\t", "第一\n第二\n第三\t"),
        (ESSAY, "坏\x00字\ud800符", "坏字符"),
        (ESSAY, "字" * 2000, "字" * 2000),
        (ESSAY, "", ""),
    ],
)
def test_parse_answer_canonical(part: PaperPart, raw: Any, expected: Any) -> None:
    assert parse_answer(part, raw) == expected


@pytest.mark.parametrize(
    ("part", "raw", "words"),
    [
        (SINGLE, [4], "没有这个选项"),
        (SINGLE, [-1], "没有这个选项"),
        (SINGLE, [True], "没有这个选项"),
        (SINGLE, [1.0], "没有这个选项"),
        (SINGLE, ["A"], "没有这个选项"),
        (SINGLE, ["１"], "没有这个选项"),
        (SINGLE, [None], "没有这个选项"),
        (SINGLE, [10**400], "没有这个选项"),
        (SINGLE, [0, 1], "只能选一个"),
        (TRUE_FALSE, [0, 1], "只能选一个"),
        (TRUE_FALSE, [2], "没有这个选项"),
        (SINGLE, 1, "格式不对"),
        (SINGLE, None, "格式不对"),
        (SINGLE, {"0": 1}, "格式不对"),
        (MULTI, [1, 1], "不能选两次"),
        (MULTI, [1, "1"], "不能选两次"),
        (BLANKS, ["五"], "有 2 个空"),
        (BLANKS, ["五", "六", "七"], "有 2 个空"),
        (BLANKS, "五", "有 2 个空"),
        (BLANKS, ["五", 6], "格式不对"),
        (BLANKS, ["a" * 201, ""], "最多 200 个字，现在有 201 个字"),
        (ESSAY, "字" * 2001, "最多 2000 个字，现在有 2001 个字"),
        (ESSAY, ["字"], "格式不对"),
        (ESSAY, None, "格式不对"),
        (PaperPart(QuestionType.CASE, 100), [0], "按小题作答"),
    ],
)
def test_parse_answer_refuses(part: PaperPart, raw: Any, words: str) -> None:
    with pytest.raises(DomainError, match=words) as caught:
        parse_answer(part, raw)
    assert (caught.value.code, caught.value.status) == ("E-ANSWER", 422)


def test_parse_answer_takes_questions_of_lessons_too() -> None:
    choice = Part(QuestionType.MULTI, "问", options=("甲", "乙", "丙"), key=(0, 1))
    assert parse_answer(choice, [2, 0]) == [0, 2]
    with pytest.raises(DomainError):
        parse_answer(choice, [3])
    blank = Part(QuestionType.BLANK, "____", blanks=(("五",),))
    assert parse_answer(blank, ["五"]) == ["五"]
    with pytest.raises(DomainError):
        parse_answer(blank, ["五", "六"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([SINGLE, MULTI, TRUE_FALSE, BLANKS, ESSAY]), JSON)
def test_parse_answer_is_canonical_or_refused(part: PaperPart, raw: Any) -> None:
    try:
        answer = parse_answer(part, raw)
    except DomainError:
        return
    assert parse_answer(part, answer) == answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, True),
        ([], True),
        ("", True),
        (" \n", True),
        (["", " "], True),
        ([0], False),
        (["", "五"], False),
        ("答", False),
    ],
)
def test_is_empty(answer: Any, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_empty(answer) is expected


def test_positions_and_original_options_are_inverse() -> None:
    assert original_options(MULTI, [0, 3]) == [1, 2]
    assert shown_options(MULTI, [1, 2]) == [0, 3]


@pytest.mark.parametrize("position", [-1, 4])
def test_original_options_refuses_positions_that_are_not_there(position: int) -> None:
    with pytest.raises(DomainError):
        original_options(MULTI, [position])
