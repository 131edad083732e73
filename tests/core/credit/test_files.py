"""Rule files: what they say, every mistake with its line, and what the rule then credits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elearn.core.credit.files import parse_credit_rule
from elearn.core.credit.rules import Credit, Evidence, Target, credit, rule_by_id
from elearn.core.credit.spec import (
    Basis,
    RuleSpec,
    YearRule,
    carried_centi,
    rule_of,
    spec_from_canonical,
    target_under,
)

FILE = "question_bank/credit/bands.yaml"
GOOD = """\
编号: bands
版本: 2
名称: 按时长
依据: 某市办法
课程: 课程时长
时长分档:
  15: 0.5
  30: 1
  0: 0.25
测试加分: 0.5
单项封顶: 1.25
每天封顶: 2
年度要求:
  网络学时: 84
  其中必修: 56
  其中选修: 20
  超出结转: 是
"""


def read(text: str = GOOD) -> RuleSpec:
    spec, problems = parse_credit_rule(text.encode(), FILE)
    assert problems == []
    assert spec is not None
    return spec


def earned(spec: RuleSpec, **evidence: object) -> Credit:
    return credit(rule_of(spec), Evidence(completed=True, **evidence))  # type: ignore[arg-type]  # a dict


def test_a_rule_file_is_read_whole_and_comes_back_from_its_stored_form() -> None:
    spec = read()
    assert (spec.id, spec.version, spec.basis) == ("bands", 2, Basis.MINUTES)
    assert spec.bands == ((30, 100), (15, 50), (0, 25))
    assert (spec.test_centi, spec.item_cap_centi, spec.day_cap_centi) == (50, 125, 200)
    assert spec.year == YearRule(8400, 5600, 2000, carry=True)
    again = spec_from_canonical(spec.canonical())
    assert again == spec
    assert again.revision_hash == spec.revision_hash
    short = read("编号: bands\n版本: 1\n名称: 甲\n依据: 乙\n课程: 标注学时\n")
    assert spec_from_canonical(short.canonical()) == short


@pytest.mark.parametrize(
    ("minutes", "passed", "hours"),
    [(30, False, 100), (29, False, 50), (15, False, 50), (14, False, 25), (14, True, 75),
     (30, True, 125), (0, True, 50), (0, False, 0)],
)  # fmt: skip
def test_bands_credit_by_length(minutes: int, passed: bool, hours: int) -> None:  # noqa: FBT001  a parameter
    found = earned(read(), minutes=minutes, test_passed=passed)
    assert found.hours_centi == hours
    assert (found.rule_id, found.rule_version) == ("bands", "2")
    assert "按“按时长”（第 2 版）" in found.reason


def test_the_shipped_bands_agree_with_the_built_in_rule() -> None:
    spec = read(GOOD.replace("单项封顶: 1.25\n", "").replace("每天封顶: 2\n", ""))
    built_in = rule_by_id("yunnan-2024")
    for minutes in range(60):
        for passed in (False, True):
            evidence = Evidence(completed=True, minutes=minutes, test_passed=passed)
            mine, theirs = credit(rule_of(spec), evidence), credit(built_in, evidence)
            assert mine.hours_centi == theirs.hours_centi, (minutes, passed)


def test_a_lowest_band_above_nothing_credits_nothing_below_it() -> None:
    spec = read(GOOD.replace("  0: 0.25\n", ""))
    found = earned(spec, minutes=10)
    assert found.hours_centi == 0
    assert "不满 15 分钟不计" in found.reason


def test_caps_bind_per_item_and_per_day() -> None:
    assert earned(read(), minutes=30, test_passed=True, day_centi=150).hours_centi == 50
    assert earned(read(), minutes=30, day_centi=200).hours_centi == 0
    low = read(GOOD.replace("单项封顶: 1.25", "单项封顶: 0.75"))
    assert earned(low, minutes=30).hours_centi == 75


BY_MINUTES = read()
DECLARED = read(
    GOOD.replace("课程时长", "标注学时").replace("时长分档:\n  15: 0.5\n  30: 1\n  0: 0.25\n", "")
)


@pytest.mark.parametrize("spec", [BY_MINUTES, DECLARED], ids=["minutes", "declared"])
@given(st.integers(0, 5000), st.integers(0, 400), st.integers(0, 300), st.booleans())
def test_no_rule_credits_more_than_its_caps(
    spec: RuleSpec,
    declared: int,
    minutes: int,
    day: int,
    passed: bool,  # noqa: FBT001  drawn
) -> None:
    found = earned(
        spec, declared_centi=declared, minutes=minutes, day_centi=day, test_passed=passed
    )
    assert 0 <= found.hours_centi <= min(125, max(0, 200 - day))


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("编号: bands", "编号: Bands", 1, "H-code"),
        ("编号: bands", "编号: declared", 1, "H-code"),
        ("编号: bands", "编号: other", 1, "H-file"),
        ("编号: bands\n", "", 1, "H-field-missing"),
        ("版本: 2", "版本: 零", 2, "H-field-value"),
        ("版本: 2\n", "", 1, "H-field-missing"),
        ("依据: 某市办法\n", "", 1, "H-field-missing"),
        ("课程: 课程时长", "课程: 心情", 5, "H-field-value"),
        ("课程: 课程时长", "课程: 标注学时", 7, "H-bands"),
        ("  15: 0.5", "  半小时: 0.5", 7, "H-bands"),
        ("  15: 0.5", "  15: 很多", 7, "H-bands"),
        ("  15: 0.5", "  15: [1]", 7, "H-bands"),
        ("  15: 0.5", "  15: 1.5", 7, "H-bands"),
        ("  15: 0.5\n  30: 1\n  0: 0.25\n", "", 1, "H-bands"),
        ("时长分档:\n  15: 0.5\n  30: 1\n  0: 0.25\n", "时长分档: {}\n", 1, "H-bands"),
        ("每天封顶: 2", "每天封顶: 很多", 12, "H-field-value"),
        ("  其中必修: 56", "  其中必修: 80", 14, "H-year"),
        ("  超出结转: 是", "  超出结转: 也许", 17, "H-field-value"),
        ("  网络学时: 84\n", "", 14, "H-field-missing"),
        ("年度要求:", "年度规定:", 13, "H-field-unknown"),
    ],
)
def test_every_mistake_is_named_with_its_line(old: str, new: str, line: int, code: str) -> None:
    assert old in GOOD
    spec, problems = parse_credit_rule(GOOD.replace(old, new).encode(), FILE)
    assert spec is None
    assert (line, code) in [(problem.line, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD.encode("gbk"), "H-encoding"),
        (b"a: [", "H-yaml"),
        (b"- a\n", "H-list"),
        (b"", "H-list"),
    ],
)
def test_a_file_that_is_no_table_is_refused(data: bytes, code: str) -> None:
    spec, problems = parse_credit_rule(data, FILE)
    assert spec is None
    assert [problem.code for problem in problems] == [code]


def test_the_year_of_a_rule_takes_the_place_of_the_default_one() -> None:
    base = Target(5000, 9000, 1, "12 天", ("TR-02",))
    assert target_under(None, base) is base
    assert target_under(read(GOOD[: GOOD.index("年度要求")]), base) is base
    found = target_under(read(), base)
    assert (found.online_centi, found.required_centi, found.elective_centi) == (8400, 5600, 2000)
    assert (found.concentrated_centi, found.alternative) == (9000, "12 天")
    assert found.rule == "按时长（第 2 版）"


def test_only_the_excess_of_last_year_is_carried_over_and_only_where_the_rule_says_so() -> None:
    carry = target_under(read(), Target(5000, None, 1, "", ()))
    assert [carried_centi(carry, last) for last in (0, 8400, 9000)] == [0, 0, 600]
    assert carried_centi(Target(5000, None, 1, "", ()), 9000) == 0
