"""The draw: (pool, blueprint, seed) -> paper, bit for bit the same on any machine.

Distribution. Sections are filled in paper order, one question at a time, uniformly among the
questions that qualify, are not on the paper yet and leave every later need fillable. Where the
filters of two sections share no question, each section is a uniform random subset of its
questions, independent of the others. Where they overlap, a section draws uniformly from what the
sections before it left; questions that qualify for the same sections always have equal chances.
Only where the bank is so tight that a choice would starve a later section is that choice left
out, so the draw never fails when the blueprint can be filled at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from elearn.core.errors import Infeasible
from elearn.core.questions.model import QuestionType

from .drbg import Stream
from .feasibility import Shortage, feasibility, kind_of, kind_sizes
from .matching import Allocation, Kind
from .model import Blueprint
from .paper import Paper, PaperItem, PaperPart, PaperSection, split_points
from .pool import PoolItem, PoolPart

__all__ = ["DRAW_VERSION", "Plan", "Shortage", "draw", "feasibility", "plan_draw"]

DRAW_VERSION = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a draw that does not depend on the seed; make it once, draw many papers."""

    blueprint: Blueprint
    items: tuple[PoolItem, ...]
    kinds: tuple[Kind, ...]
    allocation: Allocation

    def draw(self, seed: str | bytes) -> Paper:
        """The paper of this seed."""
        number = 1
        sections = []
        for section, chosen in zip(self.blueprint.sections, self._choose(seed), strict=True):
            items = tuple(
                self._place(item, number + at, section.points_centi, seed)
                for at, item in enumerate(chosen)
            )
            number += len(items)
            sections.append(PaperSection(section.name, section.type, section.group_name, items))
        return Paper(DRAW_VERSION, tuple(sections))

    def _choose(self, seed: str | bytes) -> list[list[PoolItem]]:
        allocation = self.allocation.copy()
        used: set[int] = set()
        chosen = []
        for s, section in enumerate(self.blueprint.sections):
            stream = Stream(seed, f"section/{s}")
            open_to = [i for i, kind in enumerate(self.kinds) if kind >> s & 1 and i not in used]
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
            picked.sort()
            if self.blueprint.shuffle_questions:
                Stream(seed, f"order/{s}").shuffle(picked)
            chosen.append([self.items[i] for i in picked])
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


def plan_draw(pool: Iterable[PoolItem], blueprint: Blueprint) -> Plan:
    """Sort the pool and prove that the blueprint can be filled.

    Raises Infeasible with one Chinese line per shortage, ValueError when two revisions of one
    question are in the pool.
    """
    items = tuple(sorted(pool, key=lambda item: (item.code, item.revision_hash)))
    if len({item.code for item in items}) != len(items):
        raise ValueError("the pool holds two revisions of one question")
    kinds = tuple(kind_of(item, blueprint) for item in items)
    allocation = Allocation(kind_sizes(kinds), [s.count for s in blueprint.sections])
    if allocation.fill():
        raise Infeasible([shortage.line for shortage in feasibility(items, blueprint)])
    return Plan(blueprint, items, kinds, allocation)


def draw(pool: Iterable[PoolItem], blueprint: Blueprint, seed: str | bytes) -> Paper:
    """One paper. Raises as `plan_draw` does."""
    return plan_draw(pool, blueprint).draw(seed)
