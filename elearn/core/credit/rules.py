"""Credit hours (学时): no number is hard-coded into a feature; every credit names its rule.

No national text defines 学时 in minutes (domain facts §1.2), so the rule is configuration. A rule
is never changed: a new version is added, and old records keep the version that made them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from elearn.core.centi import centi_text
from elearn.core.errors import DomainError
from elearn.core.ranks import Level, rank_of

from .measures import Demand


class Bucket(StrEnum):
    """Concentrated and online hours are never added up (TR-08)."""

    ONLINE = "ONLINE"
    CONCENTRATED = "CONCENTRATED"


BUCKET_NAMES: Final[dict[Bucket, str]] = {
    Bucket.ONLINE: "网络自学",
    Bucket.CONCENTRATED: "集中培训",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was completed. `minutes`: the length of the course as published.

    `day_centi`: hours this person already got in the same bucket on the same day.
    """

    completed: bool
    declared_centi: int = 0
    minutes: int = 0
    test_passed: bool = False
    bucket: Bucket = Bucket.ONLINE
    day_centi: int = 0


@dataclass(frozen=True, slots=True)
class CreditRule:
    """`hours` gives hundredths and the reason, before the caps. A cap of None does not bind."""

    id: str
    version: str
    name: str
    source: str
    hours: Callable[[Evidence], tuple[int, str]]
    item_cap_centi: int | None = None
    day_cap_centi: int | None = None


@dataclass(frozen=True, slots=True)
class Credit:
    """What a record stores; `reason` is one Chinese sentence."""

    hours_centi: int
    bucket: Bucket
    rule_id: str
    rule_version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """Yearly online hours, and concentrated hours per `concentrated_years` (None: no rule known).

    `alternative` is the other way the rule allows to meet the concentrated part. `required_centi`
    and `elective_centi` are parts of the online hours (None: no part is asked for), `carry` takes
    the excess into the next year, `rule` names the office's own rule ("" for none).
    """

    online_centi: int
    concentrated_centi: int | None
    concentrated_years: int
    alternative: str
    sources: tuple[str, ...]
    required_centi: int | None = None
    elective_centi: int | None = None
    carry: bool = False
    rule: str = ""
    concentrated_days_centi: int | None = None
    concentrated_months_centi: int | None = None

    @property
    def demand(self) -> Demand | None:
        """What is asked of concentrated training, in every measure; None: no rule is known."""
        if self.concentrated_centi is None:
            return None
        return Demand(
            self.concentrated_centi,
            self.concentrated_years,
            self.concentrated_days_centi,
            self.concentrated_months_centi,
        )


def credit(rule: CreditRule, evidence: Evidence) -> Credit:
    """Hours of one completed course or exam under a rule."""
    if not evidence.completed:
        return Credit(0, evidence.bucket, rule.id, rule.version, "还没有完成，不计学时。")
    earned, why = rule.hours(evidence)
    hours = earned
    if rule.item_cap_centi is not None and hours > rule.item_cap_centi:
        hours = rule.item_cap_centi
        why += f"，单项最多 {centi_text(hours)} 学时"
    if rule.day_cap_centi is not None and hours > (left := rule.day_cap_centi - evidence.day_centi):
        hours = max(0, left)
        why += f"，每天最多 {centi_text(rule.day_cap_centi)} 学时"
    reason = (
        f"按“{rule.name}”（第 {rule.version} 版）：{why}，"
        f"计 {centi_text(hours)} 学时（{BUCKET_NAMES[evidence.bucket]}）。"
    )
    return Credit(hours, evidence.bucket, rule.id, rule.version, reason)


def rule_by_id(rule_id: str, version: str | None = None) -> CreditRule:
    """A registered rule; the newest version when none is named. Raises DomainError."""
    found = [rule for rule in RULES if rule.id == rule_id and version in (None, rule.version)]
    if not found:
        raise DomainError(f"没有学时规则“{rule_id}”{version or ''}。", code="E-CREDIT-RULE")
    return found[-1]


def yearly_target(rank: str | None) -> Target:
    """What a person of this rank (its Chinese name) is asked to reach.

    TR-01: county level and up 550 hours or 3 months of concentrated training in 5 years; TR-02:
    township level and below 90 hours or 12 days a year; TR-06: everybody 50 online hours a year.
    """
    known = rank_of(rank) if rank else None
    if known is None:
        return Target(5000, None, 1, "", ("TR-06",))
    if known.level >= Level.COUNTY:
        sources = ("TR-01", "TR-06")
        return Target(5000, 55000, 5, "3 个月", sources, concentrated_months_centi=300)
    sources = ("TR-02", "TR-06")
    return Target(5000, 9000, 1, "12 天", sources, concentrated_days_centi=1200)


def _declared(evidence: Evidence) -> tuple[int, str]:
    return evidence.declared_centi, f"标注 {centi_text(evidence.declared_centi)} 学时"


def _yunnan(evidence: Evidence) -> tuple[int, str]:
    """Exactly 15 minutes stands in both bands of the published text; it counts as the longer.

    No minutes: a test without a course, which earns the test's half hour alone.
    """
    if evidence.minutes <= 0:
        return (50, "通过测试计 0.5 学时") if evidence.test_passed else (0, "没有课程时长")
    if evidence.minutes >= 30:
        hours, why = 100, f"课程 {evidence.minutes} 分钟，满 30 分钟计 1 学时"
    elif evidence.minutes >= 15:
        hours, why = 50, f"课程 {evidence.minutes} 分钟，15 到 30 分钟计 0.5 学时"
    else:
        hours, why = 25, f"课程 {evidence.minutes} 分钟，不满 15 分钟计 0.25 学时"
    if evidence.test_passed:
        return hours + 50, why + "，通过测试加 0.5 学时"
    return hours, why


# Oldest version of each rule first; append, never edit.
RULES: Final[tuple[CreditRule, ...]] = (
    CreditRule("declared", "1", "课程标注学时", "本系统默认", _declared, item_cap_centi=2000),
    CreditRule("class-stated", "1", "培训班载明的学时", "本系统默认", _declared),
    CreditRule("yunnan-2024", "1", "按课程时长分档", "云南省干部在线学习学院 2024", _yunnan),
)
