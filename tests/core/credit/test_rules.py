import pytest

from elearn.core.credit.rules import (
    RULES,
    Bucket,
    CreditRule,
    Evidence,
    credit,
    rule_by_id,
    yearly_target,
)
from elearn.core.errors import DomainError
from elearn.core.ranks import RANKS, Level

DECLARED = rule_by_id("declared")
YUNNAN = rule_by_id("yunnan-2024")


def test_declared_gives_the_courses_hours() -> None:
    made = credit(DECLARED, Evidence(completed=True, declared_centi=150))
    assert (made.hours_centi, made.bucket) == (150, Bucket.ONLINE)
    assert (made.rule_id, made.rule_version) == ("declared", "1")
    assert made.reason == "按“课程标注学时”（第 1 版）：标注 1.5 学时，计 1.5 学时（网络自学）。"


def test_declared_is_capped() -> None:
    assert credit(DECLARED, Evidence(completed=True, declared_centi=2000)).hours_centi == 2000
    made = credit(DECLARED, Evidence(completed=True, declared_centi=2001))
    assert made.hours_centi == 2000
    assert "单项最多 20 学时" in made.reason


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_nothing_is_credited_before_completion(rule: CreditRule) -> None:
    evidence = Evidence(completed=False, declared_centi=100, minutes=60, test_passed=True)
    made = credit(rule, evidence)
    assert (made.hours_centi, made.reason) == (0, "还没有完成，不计学时。")
    assert (made.rule_id, made.rule_version) == (rule.id, rule.version)


@pytest.mark.parametrize(
    ("minutes", "passed", "hours"),
    [
        (240, False, 100),
        (30, False, 100),
        (29, False, 50),
        (15, False, 50),
        (14, False, 25),
        (1, False, 25),
        (0, False, 0),
        (30, True, 150),
        (20, True, 100),
        (5, True, 75),
        (0, True, 50),
    ],
)
def test_yunnan_bands(minutes: int, passed: bool, hours: int) -> None:  # noqa: FBT001 - a table of cases
    evidence = Evidence(completed=True, minutes=minutes, test_passed=passed, declared_centi=999)
    assert credit(YUNNAN, evidence).hours_centi == hours


def test_yunnan_reason_says_band_and_test() -> None:
    made = credit(YUNNAN, Evidence(completed=True, minutes=20, test_passed=True))
    assert made.reason == (
        "按“按课程时长分档”（第 1 版）：课程 20 分钟，15 到 30 分钟计 0.5 学时，"
        "通过测试加 0.5 学时，计 1 学时（网络自学）。"
    )


@pytest.mark.parametrize(("day", "hours"), [(0, 300), (200, 250), (450, 0), (900, 0)])
def test_day_cap_leaves_what_the_day_still_allows(day: int, hours: int) -> None:
    rule = CreditRule("x", "1", "试", "", lambda e: (e.declared_centi, "标注"), day_cap_centi=450)
    made = credit(rule, Evidence(completed=True, declared_centi=300, day_centi=day))
    assert made.hours_centi == hours
    assert ("每天最多 4.5 学时" in made.reason) == (hours < 300)


def test_concentrated_hours_keep_their_bucket() -> None:
    evidence = Evidence(completed=True, declared_centi=100, bucket=Bucket.CONCENTRATED)
    made = credit(DECLARED, evidence)
    assert made.bucket is Bucket.CONCENTRATED
    assert made.reason.endswith("（集中培训）。")


def test_rule_by_id_finds_versions_and_refuses_unknown_ones() -> None:
    assert rule_by_id("declared", "1") is DECLARED
    with pytest.raises(DomainError, match="没有学时规则“declared”99"):
        rule_by_id("declared", "99")
    with pytest.raises(DomainError, match="没有学时规则“none”"):
        rule_by_id("none")


def test_rules_are_registered_once_per_version() -> None:
    assert len({(rule.id, rule.version) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(
    ("rank", "concentrated", "years", "alternative", "source"),
    [
        ("科员", 9000, 1, "12 天", "TR-02"),
        ("一级主任科员", 9000, 1, "12 天", "TR-02"),
        ("乡科级正职", 9000, 1, "12 天", "TR-02"),
        ("四级调研员", 55000, 5, "3 个月", "TR-01"),
        ("县处级副职", 55000, 5, "3 个月", "TR-01"),
        ("省部级正职", 55000, 5, "3 个月", "TR-01"),
    ],
)
def test_yearly_target_follows_the_level(
    rank: str, concentrated: int, years: int, alternative: str, source: str
) -> None:
    target = yearly_target(rank)
    assert (target.online_centi, target.concentrated_centi) == (5000, concentrated)
    assert (target.concentrated_years, target.alternative) == (years, alternative)
    assert target.sources == (source, "TR-06")


@pytest.mark.parametrize("rank", [None, "", "村务监督委员会主任"])
def test_yearly_target_without_a_known_rank_is_online_only(rank: str | None) -> None:
    target = yearly_target(rank)
    assert (target.online_centi, target.concentrated_centi) == (5000, None)
    assert target.sources == ("TR-06",)


def test_yearly_target_changes_once_on_the_way_up() -> None:
    five_years = [yearly_target(rank.name).concentrated_years == 5 for rank in RANKS]
    assert five_years == sorted(five_years)
    assert five_years == [rank.level >= Level.COUNTY for rank in RANKS]
