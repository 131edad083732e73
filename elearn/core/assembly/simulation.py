"""What a blueprint does to people: a thousand papers drawn, their spread, overlap and exposure.

Expected score is what the stored or prior facilities say; it compares papers with one another and
is no forecast of anybody's mark.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from elearn.core.errors import Infeasible

from .draw import Plan
from .paper import Paper

PAPERS: Final = 1000
RESITS: Final = 100
SEED: Final = "fairness"


@dataclass(frozen=True, slots=True)
class Fairness:
    """`papers` drawn; `expected`: expected score in hundredths of a point (rounded) -> papers;
    `overlap`: questions shared by two papers drawn one after the other -> pairs; `exposure`:
    papers a question was in -> questions (0 counts the questions that qualify and never came).
    `failed`: papers that could not be drawn; `resits_failed` of `resits`: second papers without
    what the first one showed.
    """

    papers: int
    full_centi: int
    question_count: int
    expected: Mapping[int, int]
    overlap: Mapping[int, int]
    exposure: Mapping[int, int]
    failed: int
    resits: int
    resits_failed: int

    @property
    def low(self) -> int:
        """The hardest paper, hundredths of a point of expected score."""
        return min(self.expected, default=0)

    @property
    def high(self) -> int:
        """The easiest paper."""
        return max(self.expected, default=0)

    @property
    def mean(self) -> int:
        """Mean expected score, hundredths of a point."""
        return _mean(self.expected)

    @property
    def mean_overlap_centi(self) -> int:
        """Mean number of shared questions, in hundredths."""
        pairs = sum(self.overlap.values())
        return sum(n * 100 * pairs_ for n, pairs_ in self.overlap.items()) // pairs if pairs else 0

    @property
    def most_overlap(self) -> int:
        """The most two neighbouring papers shared."""
        return max(self.overlap, default=0)

    @property
    def most_exposure_permille(self) -> int:
        """The share of papers the most frequent question was in."""
        return max(self.exposure, default=0) * 1000 // max(1, self.papers)

    def canonical(self) -> dict[str, Any]:
        """JSON-able; `fairness_from_canonical` reads it back."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("expected", "overlap", "exposure"):
            values[name] = [[value, n] for value, n in sorted(values[name].items())]
        return values


def fairness_from_canonical(stored: Mapping[str, Any]) -> Fairness:
    """The inverse of `Fairness.canonical()`."""
    values = dict(stored)
    for name in ("expected", "overlap", "exposure"):
        values[name] = dict(stored[name])
    return Fairness(**values)


def simulate(plan: Plan, *, papers: int = PAPERS, seed: str = SEED) -> Fairness:
    """Draw `papers` papers and count. The same plan and seed give the same figures anywhere."""
    expected: Counter[int] = Counter()
    uses: Counter[str] = Counter()
    drawn: list[frozenset[str]] = []
    codes = {item.revision_hash: item.code for item in plan.items}
    failed = resits = resits_failed = 0
    for number in range(papers):
        try:
            paper = plan.draw(f"{seed}/{number}")
        except Infeasible:
            failed += 1
            continue
        shown = frozenset(codes[item.revision_hash] for item in paper.items)
        expected[expected_centi(plan, paper)] += 1
        uses.update(shown)
        drawn.append(shown)
        if plan.blueprint.balance.seen_max is not None and resits < RESITS:
            resits += 1
            resits_failed += not _resit(plan, f"{seed}/{number}/again", shown)
    qualifying = sum(1 for kind in plan.kinds if kind)
    exposure = Counter(uses.values())
    exposure[0] = qualifying - len(uses)
    return Fairness(
        papers=len(drawn),
        full_centi=plan.blueprint.total_centi,
        question_count=plan.blueprint.question_count,
        expected=dict(expected),
        overlap=dict(Counter(len(a & b) for a, b in pairwise(drawn))),
        exposure=+exposure,
        failed=failed,
        resits=resits,
        resits_failed=resits_failed,
    )


def complaints(plan: Plan, fairness: Fairness) -> list[str]:
    """What the simulation found wrong, one Chinese line each; empty when nothing."""
    lines = []
    if fairness.failed:
        total = fairness.failed + fairness.papers
        lines.append(f"模拟 {total} 份试卷，有 {fairness.failed} 份达不到目标均分的允差")
    if fairness.resits_failed:
        lines.append(
            f"补考避开做过的题时，{fairness.resits} 次里有 {fairness.resits_failed} 次题不够"
        )
    most = plan.blueprint.balance.overlap_max
    if most is not None and fairness.most_overlap > most:
        lines.append(
            f"每人一份时，有两份试卷重复 {fairness.most_overlap} 题，超过最大重复（{most} 题）；"
            "要逐套保证，考试请选平行卷"
        )
    cap = plan.blueprint.balance.exposure_permille
    if cap is not None and fairness.most_exposure_permille > cap + _noise(cap, fairness.papers):
        shown = fairness.most_exposure_permille
        lines.append(
            f"曝光最多的一题出现在 {shown // 10}.{shown % 10}% 的试卷里，"
            f"超过曝光上限 {cap // 10}.{cap % 10}%：这一类题太少"
        )
    return lines


def expected_centi(plan: Plan, paper: Paper) -> int:
    """Expected score of a paper of this plan in hundredths of a point, rounded half up."""
    facility = {
        item.revision_hash: level
        for item, level in zip(plan.items, plan.layout.facility, strict=True)
    }
    total = sum(item.points_centi * facility[item.revision_hash] for item in paper.items)
    return (total + 500) // 1000


def _resit(plan: Plan, seed: str, shown: frozenset[str]) -> bool:
    try:
        plan.draw(seed, shown)
    except Infeasible:
        return False
    return True


def _noise(cap: int, papers: int) -> int:
    """Four standard errors of a share of `cap` permille among `papers`, rounded up, in permille."""
    square = 16 * cap * max(0, 1000 - cap)
    root = 0
    while root * root * max(1, papers) < square:
        root += 1
    return root


def _mean(counts: Mapping[int, int]) -> int:
    papers = sum(counts.values())
    return sum(value * n for value, n in counts.items()) // papers if papers else 0
