"""Can the bank fill a blueprint? Said per section, with overlaps, before anybody sits the exam."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .layout import Layout
from .matching import Allocation, Kind
from .model import Blueprint
from .pool import PoolItem, matches, qualifies


@dataclass(frozen=True, slots=True)
class Shortage:
    """Sections (indexes) that together lack `missing` questions, with the line for the screen.

    One section: the bank has fewer qualifying questions than it needs. Several: each has enough
    alone, but they draw on the same questions.
    """

    sections: tuple[int, ...]
    need: int
    available: int
    line: str

    @property
    def missing(self) -> int:
        """How many qualifying questions must be added, or needs lowered by."""
        return self.need - self.available


@dataclass(frozen=True, slots=True)
class Supply:
    """One section: `available` questions qualify, `after_overlaps` remain when every other
    section has been served first.
    """

    section: int
    name: str
    label: str
    need: int
    available: int
    after_overlaps: int

    @property
    def enough(self) -> bool:
        """Can this section be filled whatever the others take?"""
        return self.after_overlaps >= self.need


def kind_of(item: PoolItem, blueprint: Blueprint) -> Kind:
    """Bit s is set when the item qualifies for section s."""
    kind = 0
    for index, section in enumerate(blueprint.sections):
        if qualifies(item, section, blueprint.audience):
            kind |= 1 << index
    return kind


def kind_sizes(kinds: Iterable[Kind]) -> dict[Kind, int]:
    """Items per kind, without those that qualify for nothing."""
    sizes: dict[Kind, int] = {}
    for kind in kinds:
        if kind:
            sizes[kind] = sizes.get(kind, 0) + 1
    return sizes


def feasibility(pool: Iterable[PoolItem], blueprint: Blueprint) -> list[Shortage]:
    """Everything that keeps the blueprint from being filled; empty when it can be.

    Without quotas the missing counts add up to the least number of questions to add. Quotas are
    looked at once the sections can be filled: first each alone, then all together.
    """
    items = list(pool)
    shortages = _section_shortages(items, blueprint)
    if shortages or not any(section.quotas for section in blueprint.sections):
        return shortages
    short = list(_quota_shortages(items, blueprint))
    return short or _contradictions(items, blueprint)


def _section_shortages(pool: Iterable[PoolItem], blueprint: Blueprint) -> list[Shortage]:
    sizes = kind_sizes(kind_of(item, blueprint) for item in pool)
    needs = [section.count for section in blueprint.sections]
    available = [_available(sizes, 1 << s) for s in range(len(needs))]
    alone = [s for s, need in enumerate(needs) if need > available[s]]
    shortages = [_alone(blueprint, s, available[s]) for s in alone]
    capped = [min(need, have) for need, have in zip(needs, available, strict=True)]
    competing = Allocation(sizes, capped).fill()
    for group in _connected(competing, sizes):
        mask = sum(1 << s for s in group)
        need = sum(capped[s] for s in group)
        shortages.append(_together(blueprint, group, need, _available(sizes, mask)))
    return shortages


def _quota_shortages(items: Sequence[PoolItem], blueprint: Blueprint) -> Iterable[Shortage]:
    for s, section in enumerate(blueprint.sections):
        mine = [item for item in items if qualifies(item, section, blueprint.audience)]
        for quota in section.quotas:
            inside = sum(1 for item in mine if matches(item, quota))
            label = section.label(blueprint.audience)
            if inside < quota.least:
                line = _line(f"{label}·{quota.label}", quota.least, inside)
                yield Shortage((s,), quota.least, inside, line)
            elif quota.most is not None and section.count - quota.most > len(mine) - inside:
                need, have = section.count - quota.most, len(mine) - inside
                yield Shortage((s,), need, have, _line(f"{label}（{quota.label}以外）", need, have))


def _contradictions(items: Sequence[PoolItem], blueprint: Blueprint) -> list[Shortage]:
    """One line naming quotas that cannot be met together, none of which could be left out."""
    kinds = [kind_of(item, blueprint) for item in items]
    layout = Layout(items, kinds, blueprint, {})
    if layout.compose() is not None:
        return []
    every = [(s, q) for s, sec in enumerate(blueprint.sections) for q in range(len(sec.quotas))]
    dropped: list[object] = []
    for quota in every:
        if layout.compose(without=[*dropped, quota]) is None:
            dropped.append(quota)
    kept = [quota for quota in every if quota not in dropped]
    sections = tuple(sorted({s for s, _ in kept}))
    words = "；".join(
        f"“{blueprint.sections[s].name}”（{blueprint.sections[s].count} 题）"
        + "、".join(blueprint.sections[s].quotas[q].words for at, q in kept if at == s)
        for s in sections
    )
    return [Shortage(sections, 1, 0, f"这些配额不能同时满足：{words}。请放宽其中一项")]


def supplies(pool: Iterable[PoolItem], blueprint: Blueprint) -> list[Supply]:
    """The table of the blueprint page: need, available, after overlaps, per section."""
    sizes = kind_sizes(kind_of(item, blueprint) for item in pool)
    rows = []
    for s, section in enumerate(blueprint.sections):
        others = [0 if i == s else other.count for i, other in enumerate(blueprint.sections)]
        available = _available(sizes, 1 << s)
        everything = [available if i == s else need for i, need in enumerate(others)]
        left = _most(sizes, everything) - _most(sizes, others)
        label = section.label(blueprint.audience)
        rows.append(Supply(s, section.name, label, section.count, available, left))
    return rows


def _most(sizes: dict[Kind, int], needs: Sequence[int]) -> int:
    allocation = Allocation(sizes, needs)
    allocation.fill()
    return sum(allocation.served(s) for s in range(len(needs)))


def _available(sizes: dict[Kind, int], mask: Kind) -> int:
    return sum(size for kind, size in sizes.items() if kind & mask)


def _connected(sections: set[int], sizes: dict[Kind, int]) -> list[list[int]]:
    """Split into sets that share no question, each in paper order."""
    groups: list[int] = []
    for section in sorted(sections):
        reach = 1 << section
        for kind in sizes:
            if kind >> section & 1:
                reach |= kind
        reach &= sum(1 << s for s in sections)
        for group in [g for g in groups if g & reach]:
            groups.remove(group)
            reach |= group
        groups.append(reach)
    return [[s for s in sorted(sections) if group >> s & 1] for group in groups]


def _alone(blueprint: Blueprint, index: int, available: int) -> Shortage:
    section = blueprint.sections[index]
    label = section.label(blueprint.audience)
    return Shortage((index,), section.count, available, _line(label, section.count, available))


def _together(blueprint: Blueprint, group: Sequence[int], need: int, available: int) -> Shortage:
    members = [blueprint.sections[s] for s in group]
    names = "、".join(f"“{m.name}”（{m.label(blueprint.audience)}）" for m in members)
    line = _line(f"{names}用的是同一批题，合起来", need, available)
    return Shortage(tuple(group), need, available, line)


def _line(what: str, need: int, available: int) -> str:
    return f"{what}：需要 {need} 题，题库只有 {available} 题，缺 {need - available} 题"
