"""The draw: (pool, blueprint, seed) -> paper, bit for bit the same on any machine.

Distribution. Sections are filled in paper order, one question at a time, uniformly among the
questions that qualify, are not on the paper yet and leave every later need fillable. Where the
filters of two sections share no question, each section is a uniform random subset of its
questions, independent of the others. Where they overlap, a section draws uniformly from what the
sections before it left; questions that qualify for the same sections always have equal chances.
Only where the bank is so tight that a choice would starve a later section is that choice left
out, so the draw never fails when the blueprint can be filled at all.

Version 2 is version 1 followed by swaps, for what version 1 does not know: quotas inside a
section, a target for the expected score, questions a person has seen. The swaps look only at what
an item counts for, so questions no constraint tells apart still have equal chances. A blueprint
that asks none of this, drawn for somebody who has seen nothing, is drawn by version 1 alone.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from elearn.core.errors import Infeasible
from elearn.core.questions.model import QuestionType

from .drbg import Stream
from .feasibility import Shortage, feasibility, kind_of, kind_sizes
from .layout import Layout
from .matching import Allocation, Kind
from .model import Blueprint
from .paper import Paper, PaperItem, PaperPart, PaperSection, split_points
from .pool import PoolItem, PoolPart
from .selection import Selection

__all__ = ["DRAW_VERSION", "Plan", "Shortage", "draw", "feasibility", "plan_draw"]

DRAW_VERSION = 1
CONSTRAINED_VERSION = 2
# A tolerance nobody stated: half a percent of full marks, a quarter to either side.
DEFAULT_TOLERANCE_PARTS: Final = 400
# Fresh starts before a target is given up; each is an independent draw.
TRIES: Final = 32


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a draw that does not depend on the seed; make it once, draw many papers."""

    blueprint: Blueprint
    items: tuple[PoolItem, ...]
    kinds: tuple[Kind, ...]
    allocation: Allocation
    layout: Layout
    open_to: tuple[tuple[int, ...], ...]
    index: Mapping[str, int] = field(repr=False)

    def draw(self, seed: str | bytes, seen: Collection[str] = ()) -> Paper:
        """The paper of this seed. `seen`: codes of questions to keep out, as `seen_max` allows.

        Raises Infeasible when what is left of the bank, or of the tolerance, gives no paper.
        """
        if not seen and not self.blueprint.constrained:
            return self.paper(self._choose(seed, ()), seed, DRAW_VERSION)
        return self.paper(self.select(seed, seen).chosen, seed, CONSTRAINED_VERSION)

    def select(self, seed: str | bytes, seen: Collection[str] = ()) -> Selection:
        """The choice of version 2, before numbering and shuffling."""
        balance = self.blueprint.balance
        known = {self.index[code] for code in seen if code in self.index}
        blocked = self._spared(known, balance.seen_max or 0, Stream(seed, "seen"))
        for attempt in range(TRIES):
            selection = self.choose_within(seed if not attempt else _again(seed, attempt), blocked)
            if balance.target_centi is None:
                return selection
            stream = Stream(seed, f"balance/{attempt}")
            if selection.balance(balance.target_centi * 1000, self.tolerance, stream):
                return selection
        raise Infeasible([f"抽了 {TRIES} 次，预计均分都到不了目标均分的允差以内"])

    def choose_within(self, seed: str | bytes, blocked: Collection[int]) -> Selection:
        """Sections and quotas met without `blocked` items; the expected score is as it comes.

        Raises Infeasible.
        """
        selection = Selection(self.layout, self._choose(seed, blocked), blocked)
        if not selection.meet_quotas(Stream(seed, "quota")):
            composition = self.layout.compose(blocked)
            if composition is None:
                raise Infeasible(["去掉不能再用的题以后，配额凑不齐"])
            selection.refill(composition, Stream(seed, "refill"))
        return selection

    @property
    def tolerance(self) -> int:
        """How far a paper's expected score may be from the target, in `Selection.expected`'s
        units."""
        stated = self.blueprint.balance.tolerance_centi
        if stated is not None:
            return stated * 1000
        return self.blueprint.total_centi * 1000 // DEFAULT_TOLERANCE_PARTS

    def paper(self, chosen: Iterable[Iterable[int]], seed: str | bytes, version: int) -> Paper:
        """Number, order and lay out what was chosen."""
        number = 1
        sections = []
        for s, (section, picked) in enumerate(zip(self.blueprint.sections, chosen, strict=True)):
            order = sorted(picked)
            if self.blueprint.shuffle_questions:
                Stream(seed, f"order/{s}").shuffle(order)
            items = tuple(
                self._place(self.items[index], number + at, section.points_centi, seed)
                for at, index in enumerate(order)
            )
            number += len(items)
            sections.append(PaperSection(section.name, section.type, section.group_name, items))
        return Paper(version, tuple(sections))

    def allocate(self, blocked: Collection[int]) -> Allocation:
        """The allocation without `blocked` items, filled as far as it goes."""
        if not blocked:
            return self.allocation.copy()
        sizes = dict(self.allocation.sizes)
        for item in blocked:
            if self.kinds[item]:
                sizes[self.kinds[item]] -= 1
        allocation = Allocation(sizes, [s.count for s in self.blueprint.sections])
        allocation.fill()
        return allocation

    def short_sections(self, blocked: Collection[int]) -> set[int]:
        """Sections that cannot be filled without `blocked` items."""
        return self.allocate(blocked).fill() if blocked else set()

    def _spared(self, seen: set[int], most: int, stream: Stream) -> set[int]:
        """What of `seen` to keep out: all of it, but for at most `most` questions sections need."""
        blocked = set(seen)
        order = sorted(seen)
        stream.shuffle(order)
        while short := self.short_sections(blocked):
            helpful = (i for i in order if i in blocked and any(self._fits(i, s) for s in short))
            back = next(helpful, None)
            if back is None or len(seen) - len(blocked) >= most:
                names = "、".join(f"“{self.blueprint.sections[s].name}”" for s in sorted(short))
                raise Infeasible([f"避开做过的题以后，{names}的题不够"])
            blocked.discard(back)
        return blocked

    def _fits(self, item: int, section: int) -> bool:
        return bool(self.kinds[item] >> section & 1)

    def _choose(self, seed: str | bytes, blocked: Collection[int]) -> list[list[int]]:
        allocation = self.allocate(blocked)
        used: set[int] = set(blocked)
        chosen = []
        for s, section in enumerate(self.blueprint.sections):
            stream = Stream(seed, f"section/{s}")
            open_to = [i for i in self.open_to[s] if i not in used]
            picked: list[int] = []
            while len(picked) < section.count:
                at = stream.below(len(open_to))
                index = open_to[at]
                if not allocation.take(self.kinds[index], s):
                    open_to = [i for i in open_to if self.kinds[i] != self.kinds[index]]
                    continue
                open_to[at] = open_to[-1]
                open_to.pop()
                picked.append(index)
            used.update(picked)
            chosen.append(picked)
        return chosen

    def _place(
        self, item: PoolItem, number: int, points_centi: int, seed: str | bytes
    ) -> PaperItem:
        points = split_points(points_centi, tuple(part.weight for part in item.parts))
        parts = tuple(
            PaperPart(
                type=part.type,
                points_centi=share,
                option_order=self._order(part, seed, f"options/{item.revision_hash}/{at}"),
                blanks=part.blanks,
            )
            for at, (part, share) in enumerate(zip(item.parts, points, strict=True))
        )
        return PaperItem(number, item.revision_hash, points_centi, parts)

    def _order(self, part: PoolPart, seed: str | bytes, label: str) -> tuple[int, ...]:
        order = list(range(part.options))
        kept = part.fixed_order or part.type is QuestionType.TRUE_FALSE
        if self.blueprint.shuffle_options and not kept:
            Stream(seed, label).shuffle(order)
        return tuple(order)


def plan_draw(
    pool: Iterable[PoolItem], blueprint: Blueprint, estimates: Mapping[str, int] | None = None
) -> Plan:
    """Sort the pool and prove that the blueprint can be filled.

    `estimates`: revision hash -> expected facility in permille, where one is known.
    Raises Infeasible with one Chinese line per shortage, ValueError when two revisions of one
    question are in the pool.
    """
    items = tuple(sorted(pool, key=lambda item: (item.code, item.revision_hash)))
    index = {item.code: at for at, item in enumerate(items)}
    if len(index) != len(items):
        raise ValueError("the pool holds two revisions of one question")
    kinds = tuple(kind_of(item, blueprint) for item in items)
    allocation = Allocation(kind_sizes(kinds), [s.count for s in blueprint.sections])
    if allocation.fill() or any(s.quotas for s in blueprint.sections):
        shortages = feasibility(items, blueprint)
        if shortages:
            raise Infeasible([shortage.line for shortage in shortages])
    open_to = tuple(
        tuple(i for i, kind in enumerate(kinds) if kind >> s & 1)
        for s in range(len(blueprint.sections))
    )
    layout = Layout(items, kinds, blueprint, estimates or {})
    return Plan(blueprint, items, kinds, allocation, layout, open_to, index)


def draw(pool: Iterable[PoolItem], blueprint: Blueprint, seed: str | bytes) -> Paper:
    """One paper. Raises as `plan_draw` does."""
    return plan_draw(pool, blueprint).draw(seed)


def _again(seed: str | bytes, attempt: int) -> bytes:
    raw = seed.encode() if isinstance(seed, str) else seed
    return raw + b"/again/" + str(attempt).encode()
