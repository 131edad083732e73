"""A drawn paper: which questions in which order, what each is worth, how its options are shown.

A paper holds no seed, no question text and no key. It is stored as drawn; its hash names it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from elearn.core.canonical import content_hash
from elearn.core.questions.model import QuestionType


@dataclass(frozen=True, slots=True)
class PaperPart:
    """One thing to answer. `option_order[i]` is the original index of the option shown i-th."""

    type: QuestionType
    points_centi: int
    option_order: tuple[int, ...] = ()
    blanks: int = 0


@dataclass(frozen=True, slots=True)
class PaperItem:
    """One numbered question; `number` counts from 1 through the whole paper."""

    number: int
    revision_hash: str
    points_centi: int
    parts: tuple[PaperPart, ...]


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A section as drawn. `group` is the name its section minimum goes by."""

    name: str
    type: QuestionType
    group: str
    items: tuple[PaperItem, ...]

    @property
    def total_centi(self) -> int:
        """Points of the section."""
        return sum(item.points_centi for item in self.items)


@dataclass(frozen=True, slots=True)
class Paper:
    """`draw_version` names the algorithm that made it, so that old papers stay derivable."""

    draw_version: int
    sections: tuple[PaperSection, ...]

    @property
    def items(self) -> Iterator[PaperItem]:
        """All items in number order."""
        return (item for section in self.sections for item in section.items)

    @property
    def total_centi(self) -> int:
        """Full marks."""
        return sum(section.total_centi for section in self.sections)

    @property
    def question_count(self) -> int:
        """Numbered questions."""
        return sum(len(section.items) for section in self.sections)

    def part(self, number: int, part: int) -> PaperPart | None:
        """The part answered as (number from 1, part from 0), or None when there is none such."""
        for item in self.items:
            if item.number == number:
                return item.parts[part] if 0 <= part < len(item.parts) else None
        return None

    def canonical(self) -> dict[str, Any]:
        """JSON-able; `paper_from_canonical` reads it back."""
        return {
            "draw_version": self.draw_version,
            "sections": [
                {
                    "name": section.name,
                    "type": section.type.value,
                    "group": section.group,
                    "items": [_item_canonical(item) for item in section.items],
                }
                for section in self.sections
            ],
        }

    @property
    def hash(self) -> str:
        """64 hex digits."""
        return content_hash(self.canonical())


def paper_from_canonical(stored: Mapping[str, Any]) -> Paper:
    """The inverse of `Paper.canonical()`, for what the database stored."""
    return msgspec.convert(stored, Paper)


def split_points(points_centi: int, weights: tuple[int, ...]) -> tuple[int, ...]:
    """Share points in proportion to `weights`, rounded down; the last takes the remainder."""
    total = sum(weights)
    shares = [points_centi * weight // total for weight in weights[:-1]]
    return (*shares, points_centi - sum(shares))


def _item_canonical(item: PaperItem) -> dict[str, Any]:
    return {
        "number": item.number,
        "revision_hash": item.revision_hash,
        "points_centi": item.points_centi,
        "parts": [
            {
                "type": part.type.value,
                "points_centi": part.points_centi,
                "option_order": list(part.option_order),
                "blanks": part.blanks,
            }
            for part in item.parts
        ],
    }
