"""What is there before an import: units, people, and how far the person importing may reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_LEVELS: Final = 12


@dataclass(frozen=True, slots=True)
class KnownUnit:
    """A unit of the database. `path` is `/1/5/`, its own id last."""

    id: int
    code: str
    name: str
    type: str
    parent_id: int | None
    path: str
    active: bool


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of the database; `party` "" when not given."""

    id: int
    public_id: str
    staff_no: str
    name: str
    unit_id: int
    rank: str
    post: str
    is_leader: bool
    party: str
    active: bool
    promoted_on: str = ""  # 2026-06-30


@dataclass(frozen=True, slots=True)
class World:
    """`roots` are the subtrees the importer manages, None the operator's whole system. `kept`
    says, per person id, why that person must not be deactivated."""

    units: list[KnownUnit]
    people: list[KnownPerson]
    roots: tuple[str, ...] | None = None
    kept: Mapping[int, str] = field(default_factory=dict)

    def reaches(self, path: str) -> bool:
        """Does the importer manage the unit at this path?"""
        return self.roots is None or any(path.startswith(root) for root in self.roots)


def paths_of(parents: Mapping[int, int | None]) -> dict[int, str]:
    """Unit id -> `/1/5/` for a tree given as id -> parent id. The tree must have no cycle."""
    paths: dict[int, str] = {}

    def path(unit: int) -> str:
        if unit not in paths:
            parent = parents[unit]
            paths[unit] = f"{'/' if parent is None else path(parent)}{unit}/"
        return paths[unit]

    for unit in parents:
        path(unit)
    return paths
