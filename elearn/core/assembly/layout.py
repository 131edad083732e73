"""The pool sorted by what a constrained draw asks: sections, quotas, expected facility."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .composition import Cell, Composition, Row, compose
from .constraints import Quota
from .facility import facility_permille
from .matching import Kind
from .model import Blueprint
from .pool import PoolItem, matches


@dataclass(frozen=True, slots=True)
class Group:
    """Items of one section that meet the same of its quotas: swapping them breaks none.

    `signature`: bit q set = quota q of the section is met. `items[i]` all have facility
    `levels[i]` (permille, ascending).
    """

    section: int
    signature: int
    levels: tuple[int, ...]
    items: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> int:
        """How many items."""
        return sum(len(same) for same in self.items)


class Layout:
    """Made once per plan. Items are indexes into the plan's sorted pool."""

    def __init__(
        self,
        items: Sequence[PoolItem],
        kinds: Sequence[Kind],
        blueprint: Blueprint,
        estimates: Mapping[str, int],
    ):
        self.blueprint = blueprint
        self.facility = tuple(facility_permille(item, estimates) for item in items)
        sections = blueprint.sections
        self.points = tuple(section.points_centi for section in sections)
        self.quotas = tuple(section.quotas for section in sections)
        self.group_of: list[dict[int, Group]] = [{} for _ in sections]
        self.groups: list[list[Group]] = [[] for _ in sections]
        signatures = [
            {i: _signature(item, quotas) for i, item in enumerate(items) if kinds[i] >> s & 1}
            for s, quotas in enumerate(self.quotas)
        ]
        for s, by_item in enumerate(signatures):
            self._group(s, by_item)
        self.cells = _cells(kinds, signatures)
        self._cell_of = {i: cell for cell, members in self.cells.items() for i in members}
        self._sections_of = {
            cell: tuple(s for s in range(len(sections)) if kinds[members[0]] >> s & 1)
            for cell, members in self.cells.items()
        }

    def compose(
        self, blocked: Collection[int] = (), *, without: Collection[object] = ()
    ) -> Composition | None:
        """How many of each cell every section may take when `blocked` items are out; None when
        it cannot be. `without`: (section, quota number) pairs left out, to find contradictions."""
        sizes = {cell: len(members) for cell, members in self.cells.items()}
        for item in blocked:
            cell = self._cell_of.get(item)
            if cell is not None:
                sizes[cell] -= 1
        return compose(sizes, self._sections_of, self._rows(without))

    def _rows(self, without: Collection[object]) -> list[Row]:
        rows = []
        for s, section in enumerate(self.blueprint.sections):
            members = [c for c, where in self._sections_of.items() if s in where]
            rows.append(Row(section.count, section.count, tuple((c, s) for c in members)))
            for q, quota in enumerate(section.quotas):
                if (s, q) in without:
                    continue
                inside = [c for c in members if self._meets(c, s, q)]
                most = section.count if quota.most is None else quota.most
                rows.append(Row(quota.least, most, tuple((c, s) for c in inside)))
        return rows

    def _meets(self, cell: Cell, section: int, quota: int) -> bool:
        group = self.group_of[section][self.cells[cell][0]]
        return bool(group.signature >> quota & 1)

    def _group(self, s: int, signatures: Mapping[int, int]) -> None:
        sorted_in: dict[int, dict[int, list[int]]] = {}
        for item, signature in signatures.items():
            sorted_in.setdefault(signature, {}).setdefault(self.facility[item], []).append(item)
        for signature in sorted(sorted_in):
            levels = sorted(sorted_in[signature].items())
            group = Group(
                s,
                signature,
                tuple(level for level, _ in levels),
                tuple(tuple(same) for _, same in levels),
            )
            self.groups[s].append(group)
            self.group_of[s] |= {item: group for same in group.items for item in same}


def _signature(item: PoolItem, quotas: Sequence[Quota]) -> int:
    return sum(1 << q for q, quota in enumerate(quotas) if matches(item, quota))


def _cells(
    kinds: Sequence[Kind], signatures: Sequence[Mapping[int, int]]
) -> dict[Cell, tuple[int, ...]]:
    """Items that qualify for the same sections and quotas, numbered in pool order."""
    found: dict[tuple[int, ...], list[int]] = {}
    for i, kind in enumerate(kinds):
        if kind:
            found.setdefault((kind, *(by_item.get(i, 0) for by_item in signatures)), []).append(i)
    return dict(enumerate(tuple(members) for members in found.values()))
