"""Ranks of public officials: 领导职务层次 and 综合管理类职级, 公务员法 (2018) art. 18 and 19.

A rank is known by its Chinese name, as a roster states it. Old names that rosters still carry
(办事员, 科员) are kept. `RANKS` runs from low to high; the order says nothing about equivalence of
the two ladders beyond the level.
"""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Level(IntEnum):
    """The level whose training duty a rank shares (domain facts TR-01, TR-02)."""

    STAFF = 1
    TOWNSHIP = 2
    COUNTY = 3
    BUREAU = 4
    PROVINCE = 5


LEVEL_NAMES: Final[dict[Level, str]] = {
    Level.STAFF: "科员及以下",
    Level.TOWNSHIP: "乡科级",
    Level.COUNTY: "县处级",
    Level.BUREAU: "厅局级",
    Level.PROVINCE: "省部级",
}


@dataclass(frozen=True, slots=True)
class Rank:
    """`leading`: 领导职务, otherwise 职级. `order` counts from 0, low to high."""

    name: str
    level: Level
    leading: bool
    order: int


_LADDER: Final = (
    ("办事员", Level.STAFF, False),
    ("科员", Level.STAFF, False),
    ("二级科员", Level.STAFF, False),
    ("一级科员", Level.STAFF, False),
    ("四级主任科员", Level.TOWNSHIP, False),
    ("三级主任科员", Level.TOWNSHIP, False),
    ("二级主任科员", Level.TOWNSHIP, False),
    ("一级主任科员", Level.TOWNSHIP, False),
    ("乡科级副职", Level.TOWNSHIP, True),
    ("乡科级正职", Level.TOWNSHIP, True),
    ("四级调研员", Level.COUNTY, False),
    ("三级调研员", Level.COUNTY, False),
    ("二级调研员", Level.COUNTY, False),
    ("一级调研员", Level.COUNTY, False),
    ("县处级副职", Level.COUNTY, True),
    ("县处级正职", Level.COUNTY, True),
    ("二级巡视员", Level.BUREAU, False),
    ("一级巡视员", Level.BUREAU, False),
    ("厅局级副职", Level.BUREAU, True),
    ("厅局级正职", Level.BUREAU, True),
    ("省部级副职", Level.PROVINCE, True),
    ("省部级正职", Level.PROVINCE, True),
)

RANKS: Final[tuple[Rank, ...]] = tuple(
    Rank(name, level, leading, order) for order, (name, level, leading) in enumerate(_LADDER)
)
_BY_NAME: Final = {rank.name: rank for rank in RANKS}


def rank_of(name: str) -> Rank | None:
    """The rank of this name, white space and width aside; None for a post that is no rank."""
    return _BY_NAME.get("".join(unicodedata.normalize("NFKC", name).split()))
