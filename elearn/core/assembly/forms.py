"""K parallel forms (平行卷): papers of one blueprint, equal in expected score, sharing little.

Each form is drawn without what the forms before it used, as long as the bank allows; then only as
often as it must be. After that, swaps inside groups bring every expected score to one target -
the blueprint's, or what the forms have in common -, first with questions nobody uses, then
between two forms. Cell quotas and swap search beat mixed-integer solvers here by a factor of a
thousand (measured, decision 0009). A pure function of (pool, blueprint, seed, count).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from typing import Final

from elearn.core.centi import centi_text
from elearn.core.errors import Infeasible

from .draw import Plan
from .drbg import Stream
from .paper import Paper
from .selection import Selection, Slot

# How forms are assembled now, and how they once were: their balance aimed at half a percent of full
# marks, not of the score expected.
FORMS_VERSION: Final = 3
FULL_MARKS_VERSION: Final = 2
MAX_FORMS: Final = 100
MAX_EXCHANGES: Final = 400
# What nobody stated a tolerance for aims at half a percent of the expected score and is refused past
# one percent of full marks: with ten questions of ten points a bank used to the last question can
# do no better.
MOST_SPREAD_PARTS: Final = 100


@dataclass(frozen=True, slots=True)
class FormSet:
    """`expected` in thousandths of a hundredth of a point, like `Selection.expected`."""

    papers: tuple[Paper, ...]
    expected: tuple[int, ...]
    target: int

    @property
    def spread(self) -> int:
        """Between the easiest and the hardest form."""
        return max(self.expected) - min(self.expected)

    @property
    def overlaps(self) -> list[int]:
        """Questions shared, for every pair of forms."""
        sets = [{item.revision_hash for item in paper.items} for paper in self.papers]
        return [len(a & b) for a, b in combinations(sets, 2)]

    @property
    def uses(self) -> Counter[str]:
        """Revision hash -> in how many forms."""
        return Counter(item.revision_hash for paper in self.papers for item in paper.items)


def assemble_forms(plan: Plan, seed: str, count: int, version: int = FORMS_VERSION) -> FormSet:
    """Raises Infeasible, with the reason, when overlap, exposure or tolerance cannot be met. An
    older `version` gives the papers it gave then."""
    forms = _drawn(plan, seed, count)
    wanted = plan.blueprint.balance.target_centi
    middle = sorted(form.expected for form in forms)[count // 2]
    target = middle if wanted is None else wanted * 1000
    whole = plan.blueprint.total_centi * 1000 if version == FULL_MARKS_VERSION else target
    fine = min(plan.tolerance, whole // 400)
    for number, form in enumerate(forms):
        # Alone at first, with questions no form uses; what one form cannot do alone, two forms
        # do by exchanging.
        form.taken = set[int]().union(*(other.items for other in forms))
        form.balance(target, fine, Stream(seed, f"form/{number}/balance"))
    if wanted is None:
        target = sum(form.expected for form in forms) // count
    _exchange(forms, target, fine)
    result = FormSet(
        papers=tuple(
            plan.paper(form.chosen, f"{seed}/form/{number}", version)
            for number, form in enumerate(forms)
        ),
        expected=tuple(form.expected for form in forms),
        target=target,
    )
    _check(plan, result)
    return result


def _drawn(plan: Plan, seed: str, count: int) -> list[Selection]:
    """Forms that meet sections and quotas; later ones avoid what earlier ones used."""
    exposure = plan.blueprint.balance.exposure_permille
    most = count if exposure is None else max(1, count * exposure // 1000)
    uses: Counter[int] = Counter()
    forms: list[Selection] = []
    for number in range(count):
        form = None
        for worn in range(1, most + 1):
            blocked = {item for item, times in uses.items() if times >= worn}
            form = _fill(plan, f"{seed}/form/{number}", blocked)
            if form is not None:
                break
        if form is None:
            words = f"第 {number + 1} 套卷抽不满：每题最多用在 {most} 套卷里"
            raise Infeasible([f"{words}。请补题、减少套数或放宽曝光上限"])
        _part(form, forms, plan.blueprint.balance.overlap_max, Stream(seed, f"form/{number}/part"))
        uses.update(form.items)
        forms.append(form)
    return forms


def _fill(plan: Plan, seed: str, blocked: set[int]) -> Selection | None:
    if plan.short_sections(blocked):
        return None
    try:
        return plan.choose_within(seed, blocked)
    except Infeasible:
        return None


def _part(form: Selection, others: Sequence[Selection], most: int | None, stream: Stream) -> None:
    """Swap shared questions away until the form shares at most `most` with each of the others."""
    if most is None:
        return
    for slot in form.slots(stream):
        close = [other.items for other in others if len(form.items & other.items) > most]
        if not close:
            return
        if not any(form.at(slot) in items for items in close):
            continue
        group = form.group(slot)
        fresh = [i for same in group.items for i in same if not any(i in c for c in close)]
        item = form.free(fresh, stream) if fresh else None
        if item is not None:
            form.swap(slot, item)


def _exchange(forms: Sequence[Selection], target: int, fine: int) -> None:
    """Swap questions between a form far from the target and another one, as long as it helps."""
    for _ in range(MAX_EXCHANGES):
        far = max(forms, key=lambda form: abs(form.expected - target))
        if abs(far.expected - target) <= fine:
            return
        best = min((_trade(far, other, target) for other in forms), key=lambda trade: trade.change)
        if best.change >= 0:
            return
        for mine, theirs in best.swaps:
            given, taken = far.at(mine), best.other.at(theirs)
            far.chosen[mine[0]][mine[1]] = taken
            best.other.chosen[theirs[0]][theirs[1]] = given


Exchange = tuple[Slot, Slot]  # (of the form far away, of the other one)


@dataclass(frozen=True, slots=True)
class _Trade:
    """`change` of the sum of the two squared gaps; negative is better."""

    change: int
    other: Selection
    swaps: tuple[Exchange, ...]


def _trade(far: Selection, other: Selection, target: int) -> _Trade:
    """The one or two exchanges that help most; none when nothing does."""
    my_gap, their_gap = target - far.expected, target - other.expected
    best = _Trade(0, other, ())
    gains = _gains(far, other)
    options: list[tuple[int, tuple[Exchange, ...]]] = [
        (gain, (swaps[0],)) for gain, swaps in gains.items()
    ]
    for one, two in combinations_with_replacement(sorted(gains), 2):
        first, second = gains[one][0], gains[two][-1]
        if first[0] != second[0] and first[1] != second[1]:
            options.append((one + two, (first, second)))
    for gain, swaps in options:
        change = (my_gap - gain) ** 2 + (their_gap + gain) ** 2 - my_gap**2 - their_gap**2
        if change < best.change:
            best = _Trade(change, other, swaps)
    return best


def _gains(far: Selection, other: Selection) -> dict[int, list[Exchange]]:
    """What `far` gains -> up to two exchanges, inside groups, of questions they do not share."""
    gains: dict[int, list[Exchange]] = {}
    shared = far.items & other.items
    theirs = _by_level(other, shared)
    for (section, signature, level), mine in _by_level(far, shared).items():
        for (s, sig, wanted), places in theirs.items():
            if (s, sig) == (section, signature) and wanted != level:
                known = gains.setdefault(far.layout.points[section] * (wanted - level), [])
                known += list(zip(mine, places, strict=False))[: 2 - len(known)]
    return gains


def _by_level(form: Selection, shared: set[int]) -> dict[tuple[int, int, int], list[Slot]]:
    """The slots of each (section, signature, facility) of the form, its shared questions aside."""
    found: dict[tuple[int, int, int], list[Slot]] = {}
    for s, items in enumerate(form.chosen):
        for at, item in enumerate(items):
            if item not in shared:
                level = (s, form.group((s, at)).signature, form.layout.facility[item])
                found.setdefault(level, []).append((s, at))
    return found


def _check(plan: Plan, result: FormSet) -> None:
    most = plan.blueprint.balance.overlap_max
    shared = max(result.overlaps, default=0)
    if most is not None and shared > most:
        message = f"有两套卷要共用 {shared} 题，超过最大重复（{most} 题）"
        raise Infeasible([f"{message}。请补题、减少套数或放宽最大重复"])
    off = max(abs(expected - result.target) for expected in result.expected)
    allowed = plan.tolerance
    if plan.blueprint.balance.target_centi is None:
        off, allowed = result.spread, plan.blueprint.total_centi * 1000 // MOST_SPREAD_PARTS
    if off > allowed:
        words = centi_text((off + 999) // 1000)
        raise Infeasible([f"各套卷的预计均分拉不平：差 {words} 分。请补题、减少套数或放宽允差"])
