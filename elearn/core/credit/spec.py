"""A credit rule as data: what a rule file says, stored as it was, and made into a `CreditRule`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from elearn.core.canonical import content_hash
from elearn.core.centi import centi_text
from elearn.core.credit.rules import CreditRule, Evidence, Target


class Basis(StrEnum):
    """Where the hours of a course come from."""

    DECLARED = "DECLARED"  # what the course, or the exam, says
    MINUTES = "MINUTES"  # the length of the course, in bands


BASIS_NAMES: Final[dict[Basis, str]] = {Basis.DECLARED: "标注学时", Basis.MINUTES: "课程时长"}


@dataclass(frozen=True, slots=True)
class YearRule:
    """What a year asks for, in hundredths. `required_centi` and `elective_centi` are parts of it
    that have to be reached too. `carry`: what is more than the year asks for counts in the next."""

    online_centi: int
    required_centi: int | None = None
    elective_centi: int | None = None
    carry: bool = False


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """`bands`: (from minutes, hundredths), longest first, only with Basis.MINUTES. `test_centi`:
    added when a test was passed. Caps of None do not bind."""

    id: str
    version: int
    name: str
    source: str
    note: str = ""
    basis: Basis = Basis.DECLARED
    bands: tuple[tuple[int, int], ...] = ()
    test_centi: int = 0
    item_cap_centi: int | None = None
    day_cap_centi: int | None = None
    year: YearRule | None = None

    def canonical(self) -> dict[str, Any]:
        """JSON-able, everything included."""
        spec = asdict(self)
        return {**spec, "basis": self.basis.value, "bands": [list(band) for band in self.bands]}

    @property
    def revision_hash(self) -> str:
        """64 hex digits."""
        return content_hash(self.canonical())


def spec_from_canonical(stored: Mapping[str, Any]) -> RuleSpec:
    """What `canonical` made."""
    year = stored["year"]
    return RuleSpec(
        **{
            **stored,
            "basis": Basis(stored["basis"]),
            "bands": tuple((minutes, centi) for minutes, centi in stored["bands"]),
            "year": YearRule(**year) if year else None,
        }
    )


def rule_of(spec: RuleSpec) -> CreditRule:
    """The rule as `credit` applies it."""

    def hours(evidence: Evidence) -> tuple[int, str]:
        if spec.basis is Basis.DECLARED:
            earned, why = _declared(evidence)
        else:
            earned, why = _by_minutes(spec, evidence)
        if spec.test_centi and evidence.test_passed:
            bonus = f"通过测试{'加' if earned else '计'} {centi_text(spec.test_centi)} 学时"
            return earned + spec.test_centi, f"{why}，{bonus}" if earned else bonus
        return earned, why

    return CreditRule(
        id=spec.id,
        version=str(spec.version),
        name=spec.name,
        source=spec.source,
        hours=hours,
        item_cap_centi=spec.item_cap_centi,
        day_cap_centi=spec.day_cap_centi,
    )


def target_under(spec: RuleSpec | None, target: Target) -> Target:
    """The year's target of a rank, where the rule in force asks for something else online."""
    if spec is None or spec.year is None:
        return target
    year = spec.year
    return replace(
        target,
        online_centi=year.online_centi,
        required_centi=year.required_centi,
        elective_centi=year.elective_centi,
        carry=year.carry,
        rule=f"{spec.name}（第 {spec.version} 版）",
    )


def carried_centi(target: Target, last_year_centi: int) -> int:
    """What last year's online hours leave for this one. Only what was earned last year: hours
    carried into it are not carried twice."""
    return max(0, last_year_centi - target.online_centi) if target.carry else 0


def _declared(evidence: Evidence) -> tuple[int, str]:
    return evidence.declared_centi, f"标注 {centi_text(evidence.declared_centi)} 学时"


def _by_minutes(spec: RuleSpec, evidence: Evidence) -> tuple[int, str]:
    """No minutes: a test without a course."""
    if evidence.minutes <= 0:
        return 0, "没有课程时长"
    for least, centi in spec.bands:
        if evidence.minutes >= least:
            words = f"满 {least} 分钟" if least else "不到下一档"
            return centi, f"课程 {evidence.minutes} 分钟，{words}计 {centi_text(centi)} 学时"
    return 0, f"课程 {evidence.minutes} 分钟，不满 {spec.bands[-1][0]} 分钟不计"
