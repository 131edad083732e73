"""What a blueprint may ask beyond its sections: quotas inside a section, and balance of papers.

A blueprint that asks nothing of this has the canonical form, and the hash, it had before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from elearn.core.taxonomy import STRAND_NAMES, TOPIC_NAMES, Strand

ALL_DIFFICULTIES: Final = (1, 5)


@dataclass(frozen=True, slots=True)
class Quota:
    """At least `least` and at most `most` (None = no limit) questions of a section match.

    Filters as in a section: they narrow one another, the values inside one widen it.
    """

    least: int
    most: int | None = None
    strands: tuple[Strand, ...] = ()
    topics: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    difficulty: tuple[int, int] = ALL_DIFFICULTIES
    tags_any: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """`监察法·难度1–2`."""
        words = [STRAND_NAMES[s] for s in self.strands]
        words += [TOPIC_NAMES.get(topic, topic) for topic in self.topics]
        words += [*self.laws]
        low, high = self.difficulty
        if self.difficulty != ALL_DIFFICULTIES:
            words.append(f"难度{low}" if low == high else f"难度{low}–{high}")
        words += [f"标签{tag}" for tag in self.tags_any]
        return "·".join(words)

    @property
    def words(self) -> str:
        """`监察法 至少 5 题`, for messages."""
        return f"{self.label} {amount_words(self.least, self.most)}"

    def canonical(self) -> dict[str, Any]:
        """JSON-able, everything included."""
        return {
            "least": self.least,
            "most": self.most,
            "strands": [s.value for s in self.strands],
            "topics": list(self.topics),
            "laws": list(self.laws),
            "difficulty": list(self.difficulty),
            "tags_any": list(self.tags_any),
        }


@dataclass(frozen=True, slots=True)
class Balance:
    """How alike papers must be; None everywhere asks nothing.

    `target_centi`: expected score in hundredths of a point, met within `tolerance_centi`.
    `overlap_max`: questions two parallel forms may share. `seen_max`: questions of a re-sit the
    person may have seen before. `exposure_permille`: share of the papers a question may be in.
    """

    target_centi: int | None = None
    tolerance_centi: int | None = None
    overlap_max: int | None = None
    seen_max: int | None = None
    exposure_permille: int | None = None

    def canonical(self) -> dict[str, int]:
        """Only what is asked: {} for nothing."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in values.items() if value is not None}


def amount_words(least: int, most: int | None) -> str:
    """`10 题`, `至少 5 题`, `至多 3 题`, `2-4 题`."""
    if most is None:
        return f"至少 {least} 题"
    if least == most:
        return f"{least} 题"
    return f"{least}-{most} 题" if least else f"至多 {most} 题"


def quota_from_canonical(spec: Mapping[str, Any]) -> Quota:
    """The inverse of `Quota.canonical()`."""
    low, high = spec["difficulty"]
    return Quota(
        least=spec["least"],
        most=spec["most"],
        strands=tuple(Strand(code) for code in spec["strands"]),
        topics=tuple(spec["topics"]),
        laws=tuple(spec["laws"]),
        difficulty=(low, high),
        tags_any=tuple(spec["tags_any"]),
    )
