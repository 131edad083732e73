"""Reading answers as people write them."""

import pytest

from elearn.core.assembly.paper import Paper, PaperItem, PaperPart, PaperSection
from elearn.core.errors import DomainError
from elearn.core.questions.model import QuestionType
from elearn.exams.printing.typed import choice_count, read_entry, read_part, shown_answer

T = QuestionType
SINGLE = PaperPart(T.SINGLE, 100, (2, 0, 3, 1))
MULTI = PaperPart(T.MULTI, 100, (4, 3, 2, 1, 0))
TRUE_FALSE = PaperPart(T.TRUE_FALSE, 100, (0, 1))
BLANKS = PaperPart(T.BLANK, 100, blanks=2)
ONE_BLANK = PaperPart(T.BLANK, 100, blanks=1)
SHORT = PaperPart(T.SHORT_ANSWER, 100)


@pytest.mark.parametrize(
    ("part", "text", "answer", "shown"),
    [
        (SINGLE, "A", [2], "A"),
        (SINGLE, " ｂ ", [0], "B"),
        (SINGLE, "-", [], "未答"),
        (SINGLE, "", [], "未答"),
        (MULTI, "BD", [1, 3], "BD"),
        (MULTI, "ea", [0, 4], "AE"),
        (TRUE_FALSE, "√", [0], "对"),
        (TRUE_FALSE, "×", [1], "错"),
        (TRUE_FALSE, "f", [1], "错"),
        (
            BLANKS,
            "监察委员会；国家监察委员会",
            ["监察委员会", "国家监察委员会"],
            "监察委员会；国家监察委员会",
        ),
        (BLANKS, ";二", ["", "二"], "；二"),
        (BLANKS, "", ["", ""], "未答"),
        (ONE_BLANK, "甲；乙", ["甲；乙"], "甲；乙"),
        (SHORT, " 应当回避 ", "应当回避", "应当回避"),
        (SHORT, "-", "", "未答"),
    ],
)
def test_one_answer(part: PaperPart, text: str, answer: object, shown: str) -> None:
    found = read_part(part, text)
    assert found == answer
    assert shown_answer(part, found) == shown


@pytest.mark.parametrize(
    ("part", "text", "said"),
    [
        (SINGLE, "E", "A 至 D"),
        (SINGLE, "AB", "只能有一个"),
        (SINGLE, "1", "没有选项"),
        (MULTI, "AA", "写了两次"),
        (TRUE_FALSE, "A", "填 对 或 错"),
        (BLANKS, "甲；乙；丙", "有 2 个空"),
    ],
)
def test_a_wrong_answer_says_what_is_expected(part: PaperPart, text: str, said: str) -> None:
    with pytest.raises(DomainError, match=said):
        read_part(part, text)


PAPER = Paper(
    1,
    (
        PaperSection("单选", T.SINGLE, "单选", (PaperItem(1, "a", 100, (SINGLE,)),)),
        PaperSection("填空", T.BLANK, "填空", (PaperItem(2, "b", 100, (BLANKS,)),)),
        PaperSection("案例", T.CASE, "案例", (PaperItem(3, "c", 300, (MULTI, TRUE_FALSE, SHORT)),)),
    ),
)


def test_a_whole_sheet() -> None:
    assert choice_count(PAPER) == 3
    entry = read_entry(PAPER, "A, BD\n对", "2 甲；乙\n3(3) 因为：2 人以上\n")
    assert entry.problems == []
    assert entry.answers == {
        (1, 0): [2],
        (2, 0): ["甲", "乙"],
        (3, 0): [1, 3],
        (3, 1): [0],
        (3, 2): "因为：2 人以上",
    }


def test_every_problem_of_a_sheet_is_named() -> None:
    entry = read_entry(PAPER, "A Z", "2 甲\n2 乙；丙\n9 x\n没有题号")
    assert entry.problems == [
        "选择题和判断题共 3 个答案，读到 2 个。没有作答的请填 -",
        "第 3(1) 题：没有选项“Z”，这道题是 A 至 E",
        "第 2 题：这道题有 2 个空，读到 1 个；空与空之间用分号隔开",
        "第 2 题写了两行",
        "第 9 题不是填空或简答题",
        "这一行开头没有题号：“没有题号”",
    ]


def test_a_number_alone_is_an_empty_answer() -> None:
    entry = read_entry(PAPER, "- - -", "2\n3（3）")
    assert entry.problems == []
    assert entry.answers[2, 0] == ["", ""]
    assert not entry.answers[3, 2]
