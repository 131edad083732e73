"""Rules a blueprint carries about the exam: bands, make-ups, the hours needed to sit it."""

import pytest

from elearn.core.assembly.blueprint import blueprint_from_canonical, parse_blueprint
from elearn.core.assembly.model import Blueprint, Book, Taking
from elearn.core.assembly.writer import format_blueprint

TEXT = """\
编号: study
名称: 学法考试
时长: 90
合格线: 6
取分: 最高
书本: 按人
等第:
  合格: 6
  优秀: 9
  良好: 8
补考次数: 1 次
补考期限: 6 个月
参加条件: 30 学时
部分:
  - 题型: 单选
    题数: 10
    每题: 1
"""


def read(text: str = TEXT) -> Blueprint:
    blueprint, problems = parse_blueprint(text, "b.yaml")
    assert blueprint is not None, problems
    return blueprint


def test_the_rules_are_read_stored_and_written_back() -> None:
    found = read()
    assert found.bands == (("优秀", 900), ("良好", 800), ("合格", 600))
    assert (found.makeups_max, found.makeup_months, found.entry_centi) == (1, 6, 3000)
    assert found.taking is Taking.BEST
    assert found.book is Book.BY_PERSON
    assert blueprint_from_canonical(found.canonical()) == found
    assert read(format_blueprint(found)) == found
    none = read(TEXT.replace("补考次数: 1 次", "补考次数: 不补考"))
    assert none.makeups_max == 0
    assert read(format_blueprint(none)) == none


def test_a_blueprint_without_them_has_the_hash_it_always_had() -> None:
    plain = read(TEXT[: TEXT.index("取分")] + TEXT[TEXT.index("部分") :])
    assert (
        plain.canonical()
        .keys()
        .isdisjoint({"bands", "makeups_max", "makeup_months", "entry_centi", "taking", "book"})
    )


@pytest.mark.parametrize(
    ("score", "passed", "band"),
    [(1000, True, "优秀"), (900, True, "优秀"), (899, True, "良好"), (800, True, "良好"),
     (799, True, "合格"), (600, True, "合格"), (599, False, ""), (950, False, "")],
)  # fmt: skip
def test_a_band_is_the_best_one_reached_and_only_of_a_pass(
    score: int,
    passed: bool,  # noqa: FBT001  a parameter
    band: str,
) -> None:
    assert read().band_of(score, passed=passed) == band
    assert Blueprint("x", "x", (), 60, 1).band_of(score, passed=passed) == ""


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("取分: 最高", "取分: 平均", 5, "B-value"),
        ("书本: 按人", "书本: 半开卷", 6, "B-value"),
        ("  良好: 8", "  良好: 5", 10, "B-band"),
        ("  良好: 8", "  良好: 11", 10, "B-band"),
        ("  良好: 8", "  良好: 9", 8, "B-band"),
        ("  良好: 8", "  优秀: 8", 10, "B-band"),
        ("  良好: 8", "  良好良好良好良好良好良: 8", 10, "B-band"),
        ("  良好: 8", "  良好: 多", 10, "B-value"),
        ("补考次数: 1 次", "补考次数: 9", 11, "B-makeup"),
        ("补考次数: 1 次", "补考次数: 几次", 11, "B-value"),
        ("补考期限: 6 个月", "补考期限: 3 年", 12, "B-makeup"),
        ("参加条件: 30 学时", "参加条件: 0", 13, "B-entry"),
        ("参加条件: 30 学时", "参加条件: 2000", 13, "B-entry"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_line(
    old: str, new: str, line: int, code: str
) -> None:
    blueprint, problems = parse_blueprint(TEXT.replace(old, new), "b.yaml")
    assert blueprint is None
    assert (line, code) in [(problem.line, problem.code) for problem in problems]
